"""The HTML around the page, and the forms by which people sign in, sign out and register."""

from typing import Any

from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, LogoutView, redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from llmselect_project.accounts.guesses import TooManyGuesses
from llmselect_project.people.assets import assets
from llmselect_project.people.words import LANGUAGES, language_of, words_of

STYLES = ("tokens", "base", "controls", "frame", "chat", "prose", "compare", "tables", "narrow")


@require_safe
@never_cache
@ensure_csrf_cookie
def page(request: HttpRequest, **_: str) -> HttpResponse:
    """Show the page; which screen of it, its script reads from the address."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path(), "/login")
    return render(request, "llmselect/page.html", frame(request))


class SignIn(LoginView):
    """The form to sign in with, for everybody who has an account."""

    template_name = "llmselect/sign_in.html"
    next_page = "/"
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Show the form, check it, and say how long to wait after too many guesses."""
        try:
            return super().dispatch(request, *args, **kwargs)
        except TooManyGuesses as error:
            response = self.render_to_response(self.get_context_data(form=AuthenticationForm(), wait=error.wait))
            response.status_code = 429
            response.headers["Retry-After"] = str(error.wait)
            return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what the frame needs, whether anybody has an account, and whether one may make one."""
        context = {**frame(self.request), "registration": may_register(), "nobody": not User.objects.exists()}
        return super().get_context_data(**{**context, **kwargs})


class SignOut(LogoutView):
    """Ends the session, by POST."""

    http_method_names = ["post"]
    next_page = "/login"


@require_safe
@never_cache
@ensure_csrf_cookie
def register(request: HttpRequest) -> HttpResponse:
    """Show the form for a new account; its script asks the API."""
    if request.user.is_authenticated or not may_register():
        return redirect("/")
    context = {**frame(request), "token_needed": not settings.ALLOW_OPEN_REGISTRATION}
    return render(request, "llmselect/register.html", context)


def may_register() -> bool:
    """Return whether the API would register anybody."""
    return bool(settings.ALLOW_OPEN_REGISTRATION or settings.REGISTRATION_TOKEN)


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return what each page of the site's own needs: its files and its words."""
    language, current = language_of(request), assets()
    return {
        "base": current.base,
        "styles": [f"{current.base}styles/{name}.css" for name in STYLES],
        "modules": [f"{current.base}{name}" for name in current.first],
        "language": language,
        "languages": LANGUAGES,
        "words": words_of(language),
        "version": settings.VERSION,
    }
