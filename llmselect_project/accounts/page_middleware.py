"""Django's middleware for pages, spared where there can be no session: calls of the API without a cookie.

Sessions, users and messages are a tenth of a cached API call, and find nothing there: a token is no cookie.
"""

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from llmselect_project.accounts.guesses import TooManyGuesses
from llmselect_project.accounts.pages import too_many_guesses


class _SpareCalls:
    """Passes on what is a call; what is a page goes the parent's way."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Decide by path and cookie, since nothing else is known yet."""
        if "HTTP_COOKIE" not in request.META and request.path_info.startswith("/api/"):
            return self.get_response(request)  # type: ignore[attr-defined,no-any-return]  # the parent's
        return super().__call__(request)  # type: ignore[misc,no-any-return]


class PageSessions(_SpareCalls, SessionMiddleware):
    """Sessions of the admin and of browsers that look at the API."""


class PageUsers(_SpareCalls, AuthenticationMiddleware):
    """The user of a session, and a page for whoever tried too many passwords to become one."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer a form that asked for a password too often; what the API raises never comes here."""
        return too_many_guesses(request, error) if isinstance(error, TooManyGuesses) else None


class PageMessages(_SpareCalls, MessageMiddleware):
    """What a page says once."""
