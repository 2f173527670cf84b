"""All routes: the page for people, the API under /api/v1, the gateway under /v1, the admin, health and metrics."""

from django.conf import settings
from django.contrib import admin
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularSwaggerSplitView

from llmselect_project.accounts import views as accounts
from llmselect_project.accounts.pages import browsable_api
from llmselect_project.api.envelope import api_not_found
from llmselect_project.api.index import IndexView
from llmselect_project.api.schema_view import SchemaView
from llmselect_project.tokens.views import TokenViewSet
from perf.api import figures as perf_views
from perf.api import health as monitoring
from perf.api.caches import CacheStatsView, ClearCacheView
from perf.api.metrics import metrics

auth = [
    path("register", accounts.RegisterView.as_view(), name="register"),
    path("login", accounts.LoginView.as_view(), name="login"),
    path("refresh", accounts.RefreshView.as_view(), name="refresh"),
    path("logout", accounts.LogoutView.as_view(), name="logout"),
    path("password", accounts.PasswordView.as_view(), name="password"),
    path("me", accounts.MeView.as_view(), name="me"),
]
# The most requested routes come first, because a path is compared with each in turn.
api_v1: list[URLPattern | URLResolver] = [
    path("", include("conversations.urls")),
    path("", include("models_registry.urls")),
    path("auth/", include(auth)),
    path("tokens", TokenViewSet.as_view({"get": "list", "post": "create"}), name="token-list"),
    path(
        "tokens/<uuid:pk>",
        TokenViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="token-detail",
    ),
    path("admin/health/detailed", monitoring.DetailedHealthView.as_view(), name="health-detailed"),
    path("admin/perf/requests", perf_views.RequestFiguresView.as_view(), name="perf-requests"),
    path("admin/perf/queries", perf_views.QueryFiguresView.as_view(), name="perf-queries"),
    path("admin/perf/caches", perf_views.CacheFiguresView.as_view(), name="perf-caches"),
    path("admin/cache/clear", ClearCacheView.as_view(), name="cache-clear"),
    path("admin/cache/stats", CacheStatsView.as_view(), name="cache-stats"),
    path("", IndexView.as_view(), name="api-index"),
]
# The toolbar is installed in development only.
toolbar = [path("__debug__/", include("debug_toolbar.urls"))] if "debug_toolbar" in settings.INSTALLED_APPS else []
# The view with a separate script file: the content policy allows no inline scripts.
docs = SpectacularSwaggerSplitView.as_view(url_name="schema", http_method_names=["get", "head"])
urlpatterns = [
    *toolbar,
    path("api/v1", IndexView.as_view()),
    path("api/v1/", include(api_v1)),
    path("v1/", include("conversations.gateway.urls")),
    path("api/schema", SchemaView.as_view(), name="schema"),
    path("api/docs", docs, name="docs"),
    path("health", monitoring.HealthView.as_view(), name="health"),
    path("health/live", monitoring.LivenessView.as_view(), name="health-live"),
    path("metrics", metrics, name="metrics"),
    path("api-auth/", include(browsable_api)),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("", include("llmselect_project.people.urls")),
    path("favicon.ico", RedirectView.as_view(url=static("llmselect/favicon.svg"))),
    re_path("^(?:api|v1|health|metrics)(?:/|$)", api_not_found),
]
