"""Django's middleware for pages, skipped for API calls without a cookie.

Such calls have no session, and sessions, users and messages would take a tenth of a cached call.
"""

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from llmselect_project.accounts.guesses import TooManyGuesses
from llmselect_project.accounts.pages import too_many_guesses


class _SkipCalls:
    """Skips the parent middleware for API calls without a cookie."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Run the parent middleware, or skip it."""
        if "HTTP_COOKIE" not in request.META and request.path_info.startswith("/api/"):
            return self.get_response(request)  # type: ignore[attr-defined,no-any-return]  # the parent's
        return super().__call__(request)  # type: ignore[misc,no-any-return]


class PageSessions(_SkipCalls, SessionMiddleware):
    """Sessions of the admin and the browsable API."""


class PageUsers(_SkipCalls, AuthenticationMiddleware):
    """The user of a session, and the page for too many password attempts."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Return the page for TooManyGuesses, None for other exceptions; those of the API never get here."""
        return too_many_guesses(request, error) if isinstance(error, TooManyGuesses) else None


class PageMessages(_SkipCalls, MessageMiddleware):
    """Messages that a page shows once."""
