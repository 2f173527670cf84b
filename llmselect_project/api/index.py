"""GET /api/v1/: where everything is."""

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from perf.api.base import PublicView

# Names of routes, in the order in which a user needs them. Links of others need an id, which these lead to.
RESOURCES = {
    "register": "register",
    "login": "login",
    "refresh": "refresh",
    "me": "me",
    "tokens": "token-list",
    "chat": "chat",
    "chat_stream": "chat-stream",
    "compare": "compare",
    "compare_stream": "compare-stream",
    "comparisons": "comparison-list",
    "leaderboard": "leaderboard",
    "replays": "replay-list",
    "prompt_sets": "prompt-set-list",
    "conversations": "conversation-list",
    "export": "export",
    "imports": "import-list",
    "models": "model-list",
    "keys": "key-list",
}


class IndexView(PublicView):
    """The API's front page."""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """List the main resources and the documentation.

        Every address is a path on this server. `docs` describes all operations and lets you try them; `schema` is the
        same for machines (OpenAPI).
        """
        resources = {name: reverse(route) for name, route in RESOURCES.items()}
        documents = {"docs": reverse("docs"), "schema": reverse("schema"), "health": reverse("health")}
        return Response({"name": "LLMSelect", "version": settings.VERSION, **documents, "resources": resources})
