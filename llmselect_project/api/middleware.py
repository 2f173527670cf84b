"""Middleware at the edge of the API, which sees every request and response."""

from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponseBadRequest, HttpResponseBase, HttpResponseNotFound
from rest_framework.response import Response

from llmselect_project.api.envelope import plain_response
from llmselect_project.api.throttling import add_headers

JSON_PATHS = ("/api/", "/v1/", "/health", "/metrics")
# Load balancers and orchestrators send the address of a container as Host, which ALLOWED_HOSTS cannot list. These
# responses hold no link, cookie or private data, so a forged Host does no harm.
PROBED_PATHS = ("/health", "/metrics")
UNKNOWN_HOST = "This name is not in ALLOWED_HOSTS."


class EnvelopeMiddleware:
    """Refuses text that cannot be stored in paths and query strings, and turns error pages into the error envelope.

    Django answers a bad host, a failed CSRF check or a crash outside REST framework with an HTML page, which a client
    of the API cannot parse.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Check the request, and complete the response if the path belongs to the API."""
        is_page = not request.path_info.startswith(JSON_PATHS)
        if "\0" in request.path_info:
            return HttpResponseNotFound() if is_page else plain_response(request, 404)
        if not _is_storable(request.META.get("QUERY_STRING", "")):
            return HttpResponseBadRequest() if is_page else plain_response(request, 400)
        if is_page:
            response = self.get_response(request)
            return response if _has_known_host(request, response) else HttpResponseBadRequest(UNKNOWN_HOST)
        if request.path_info.startswith(PROBED_PATHS):
            request.get_host = lambda: "localhost"  # type: ignore[method-assign]
        response = self.get_response(request)
        add_headers(request, response)
        # A response without a policy of its own is private data.
        response.headers.setdefault("Cache-Control", "private, no-cache")
        if response.status_code < 400 or isinstance(response, Response):
            return response
        if response.headers.get("Content-Type", "").startswith("application/json"):
            return response
        reason = None if _has_known_host(request, response) else UNKNOWN_HOST
        return plain_response(request, response.status_code, reason)


def _has_known_host(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Return False if a response is Django's 400 for a name that is not in ALLOWED_HOSTS."""
    if response.status_code != 400:
        return True
    try:
        request.get_host()
    except DisallowedHost:
        return False
    return True


def _is_storable(query: str) -> bool:
    """Return whether a query string decodes to UTF-8 without NUL."""
    try:
        return "\0" not in unquote_to_bytes(query.encode("latin-1")).decode()
    except UnicodeDecodeError:
        return False


def wants_debug_toolbar(request: HttpRequest) -> bool:
    """Return whether to show the debug toolbar: on HTML pages only, because it slows API calls down many times."""
    if "HTTP_AUTHORIZATION" in request.META or "text/html" not in request.META.get("HTTP_ACCEPT", ""):
        return False
    from debug_toolbar.middleware import show_toolbar  # only installed in development

    return bool(show_toolbar(request))
