"""Every route: the API under /api/v1, the admin, health, and the documentation."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from llmselect_project import accounts, monitoring
from llmselect_project.cache_views import ClearCacheView
from llmselect_project.envelope import api_not_found

auth = [
    path("register", accounts.RegisterView.as_view(), name="register"),
    path("login", accounts.LoginView.as_view(), name="login"),
    path("refresh", accounts.RefreshView.as_view(), name="refresh"),
    path("logout", accounts.LogoutView.as_view(), name="logout"),
    path("password", accounts.PasswordView.as_view(), name="password"),
    path("me", accounts.MeView.as_view(), name="me"),
]
api_v1: list[URLPattern | URLResolver] = [
    path("auth/", include(auth)),
    path("admin/cache/clear", ClearCacheView.as_view(), name="cache-clear"),
    path("", include("models_registry.urls")),
    path("", include("conversations.urls")),
]
# The toolbar is installed in development only.
toolbar = [path("__debug__/", include("debug_toolbar.urls"))] if "debug_toolbar" in settings.INSTALLED_APPS else []
urlpatterns = [
    *toolbar,
    path("api/v1/", include(api_v1)),
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs", SpectacularSwaggerView.as_view(url_name="schema", http_method_names=["get", "head"]), name="docs"),
    path("health", monitoring.HealthView.as_view(), name="health"),
    path("health/live", monitoring.LivenessView.as_view(), name="health-live"),
    path("admin/", admin.site.urls),
    re_path("^(?:api|health|metrics)(?:/|$)", api_not_found),
]
