"""HTML pages that ask for a password, and the page for too many attempts."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.forms import AdminPasswordChangeForm
from django.contrib.auth import authenticate
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from llmselect_project.accounts.guesses import TooManyGuesses


class OwnPasswordForm(AdminPasswordChangeForm):
    """Django's form, with a limit of attempts at the old password."""

    def __init__(self, *args: Any, request: HttpRequest, **options: Any) -> None:
        super().__init__(*args, **options)
        self.request = request

    def clean_old_password(self) -> str:
        """Check the old password. Raises ValidationError if it is wrong, and TooManyGuesses."""
        old: str = self.cleaned_data["old_password"]
        if authenticate(self.request, username=self.user.get_username(), password=old) != self.user:
            raise forms.ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        return old


class OwnPasswordView(PasswordChangeView):
    """The admin's page for changing one's own password."""

    form_class = OwnPasswordForm

    def get_form_kwargs(self) -> dict[str, Any]:
        """Pass the request to the form, which counts attempts by address."""
        return {**super().get_form_kwargs(), "request": self.request}


# Like `rest_framework.urls`, with redirects to a page that exists here.
browsable_api = (
    [
        path("login/", LoginView.as_view(template_name="rest_framework/login.html", next_page="docs"), name="login"),
        path("logout/", LogoutView.as_view(next_page="docs"), name="logout"),
    ],
    "rest_framework",
)


def too_many_guesses(request: HttpRequest, error: TooManyGuesses) -> HttpResponse:
    """Return a page with status 429 that says how long to wait."""
    context = {**admin.site.each_context(request), "is_nav_sidebar_enabled": False}
    context |= {"title": "Too many attempts", "wait": in_words(error.wait)}
    response = render(request, "llmselect/too_many_guesses.html", context, status=429)
    response.headers["Retry-After"] = str(error.wait)
    response.headers["Cache-Control"] = "no-store"
    return response


def in_words(seconds: int) -> str:
    """Return a time in words, rounded up."""
    for unit, size in (("hour", 3600), ("minute", 60)):
        if seconds >= 2 * size:
            return f"{-(-seconds // size)} {unit}s"
    return "1 second" if seconds == 1 else f"{seconds} seconds"
