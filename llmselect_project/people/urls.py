"""Routes of the page for people. Its screens are one page, which reads the address itself."""

from django.urls import path, re_path

from llmselect_project.people import views
from llmselect_project.people.assets import asset
from llmselect_project.people.shared import SharedView

SCREENS = r"^(?:chat|compare|arena|models|usage|settings)(?:/[^/]+)*$"

urlpatterns = [
    path("", views.page, name="page"),
    path("app/<slug:digest>/<path:name>", asset, name="asset"),
    path("s/<str:token>.json", SharedView.as_view(as_json=True), name="shared-json"),
    path("s/<str:token>", SharedView.as_view(), name="shared"),
    path("login", views.SignIn.as_view(), name="sign-in"),
    path("logout", views.SignOut.as_view(), name="sign-out"),
    path("register", views.register, name="sign-up"),
    re_path(SCREENS, views.page, name="screen"),
]
