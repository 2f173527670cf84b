"""What a link to a conversation shows to anybody: a page without scripts, or JSON."""

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.safestring import SafeString
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.admin.markdown import rendered
from conversations.history.sharing.service import shared
from llmselect_project.people.assets import assets
from llmselect_project.people.words import language_of, words_of
from perf.api.base import PublicView

STYLES = ("tokens", "base", "chat", "prose", "shared")
RENDERED = 300_000  # characters of all messages; what follows is shown as it was written, since rendering takes time
# No script runs, nothing is loaded but our own styles, and nothing is sent anywhere.
POLICY = (
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"
)
HEADERS = {"X-Robots-Tag": "noindex, nofollow, noarchive", "Referrer-Policy": "no-referrer"}


class SharedView(PublicView):
    """GET /s/{token} and /s/{token}.json."""

    throttle_scope = "share"
    as_json = False

    @extend_schema(exclude=True)
    def get(self, request: Request, token: str) -> HttpResponseBase:
        """Show a conversation that somebody shared.

        Gives a page to read, or JSON for `.json` and for clients that ask for it. What is unknown, expired or revoked
        is 404, all alike.
        """
        if self.as_json or _wants_json(request):
            return Response(shared(token))
        language = language_of(request._request)
        frame = {
            "styles": [f"{assets().base}styles/{name}.css" for name in STYLES],
            "language": language,
            "words": words_of(language),
        }
        try:
            document = shared(token)
        except NotFound:
            return self._page(request, "llmselect/shared_gone.html", frame, status=404)
        return self._page(request, "llmselect/shared.html", {**frame, **_shown(document)}, status=200)

    def _page(self, request: Request, template: str, context: dict[str, Any], *, status: int) -> HttpResponseBase:
        response = render(request._request, template, context, status=status)
        response.headers["Content-Security-Policy"] = POLICY
        return response

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Keep search engines and referrers away, from errors too."""
        response = super().finalize_response(request, response, *args, **kwargs)
        for name, value in HEADERS.items():
            response.headers[name] = value
        response.headers["Vary"] = "Accept, Accept-Language, Cookie"
        return response


def _shown(document: dict[str, Any]) -> dict[str, Any]:
    """Render the texts of a shared conversation."""
    left, messages = RENDERED, []
    for message in document["messages"]:
        text = message["content"]
        left -= len(text)
        messages.append({**message, "html": rendered(text) if left >= 0 else _plain(text), "at": _at(message)})
    return {**document, "messages": messages}


def _plain(text: str) -> SafeString:
    return format_html('<pre class="plain">{}</pre>', text)


def _at(message: dict[str, Any]) -> Any:
    """Return the time of a message, which a snapshot has as text."""
    moment = message["created_at"]
    return parse_datetime(moment) if isinstance(moment, str) else moment


def _wants_json(request: Request) -> bool:
    accept = request.headers.get("Accept", "")
    return "application/json" in accept and "text/html" not in accept
