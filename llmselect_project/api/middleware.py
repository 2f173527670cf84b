"""The edge of the API: what must hold for its paths whatever happens inside Django."""

from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from django.http import HttpRequest, HttpResponseBadRequest, HttpResponseBase, HttpResponseNotFound
from rest_framework.response import Response

from llmselect_project.api.envelope import plain_response
from llmselect_project.api.throttling import note_rate_limit

JSON_PATHS = ("/api/", "/health", "/metrics")
# Load balancers and orchestrators ask by the address of a container, which nobody can list in ALLOWED_HOSTS. Their
# answers hold no link, no cookie and nothing of anybody's, so whatever Host a request names can do no harm.
PROBED_PATHS = ("/health", "/metrics")


class EnvelopeMiddleware:
    """Refuses unstorable text in paths and query strings, and turns error pages into the error envelope.

    Django answers a bad host, a failed CSRF check or a crash outside REST framework with a page, or with a
    traceback under DEBUG; a client of the API must be able to parse them too.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Guard every path, and the answers of those of the API."""
        is_page = not request.path_info.startswith(JSON_PATHS)
        if "\0" in request.path_info:
            return HttpResponseNotFound() if is_page else plain_response(404)
        if not _is_storable(request.META.get("QUERY_STRING", "")):
            return HttpResponseBadRequest() if is_page else plain_response(400)
        if is_page:
            return self.get_response(request)
        if request.path_info.startswith(PROBED_PATHS):
            request.get_host = lambda: "localhost"  # type: ignore[method-assign]
        response = self.get_response(request)
        note_rate_limit(request, response)
        # What says nothing of its own is somebody's private data.
        response.headers.setdefault("Cache-Control", "private, no-cache")
        if response.status_code < 400 or isinstance(response, Response):
            return response
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        return response if is_json else plain_response(response.status_code)


def _is_storable(query: str) -> bool:
    """Tell whether a query string decodes to text without NUL and lone surrogates (which UTF-8 cannot hold)."""
    try:
        return "\0" not in unquote_to_bytes(query.encode("latin-1")).decode()
    except UnicodeDecodeError:
        return False


def wants_debug_toolbar(request: HttpRequest) -> bool:
    """Show the debug toolbar on pages only: on API calls it would multiply their time."""
    if "HTTP_AUTHORIZATION" in request.META or "text/html" not in request.META.get("HTTP_ACCEPT", ""):
        return False
    from debug_toolbar.middleware import show_toolbar  # only installed in development

    return bool(show_toolbar(request))
