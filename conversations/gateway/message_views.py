"""The endpoints of Anthropic's protocol: messages, and counting their tokens."""

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.completions.idempotency.views import IDEMPOTENCY_KEY
from conversations.gateway import examples
from conversations.gateway.service import count
from conversations.gateway.shapes import (
    CONVERSATION,
    COUNT_ANSWER,
    COUNT_REQUEST,
    EVENT,
    MESSAGE_ANSWER,
    MESSAGE_REQUEST,
)
from conversations.gateway.views import CompletionView, GatewayView
from models_registry.protocols import anthropic_requests
from models_registry.protocols.anthropic_answers import MessageWriter
from models_registry.protocols.requests import ClientRequest
from perf.api.access import access_of

PASSED_ON = ("anthropic-version", "anthropic-beta")  # headers that say which features a client knows


class MessagesView(CompletionView):
    """POST /v1/messages."""

    operation = "v1/msg"

    @extend_schema(
        request=MESSAGE_REQUEST,
        responses={(200, "application/json"): MESSAGE_ANSWER, (200, "text/event-stream"): EVENT},
        parameters=[CONVERSATION, IDEMPOTENCY_KEY],
        examples=examples.MESSAGE,
        tags=["gateway"],
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Create a message in Anthropic's protocol.

        Takes what Anthropic's `POST /v1/messages` takes, for a model of any provider; the token may be sent as
        `x-api-key` too. Anthropic gets the request as it is, with `anthropic-version` and `anthropic-beta`; for others
        it is translated, and what cannot be is a 400 that names the parameter. It is kept as chat completions are.
        """
        return self.answer(request, _asked(request), MessageWriter)


class CountTokensView(GatewayView):
    """POST /v1/messages/count_tokens."""

    throttle_scope = "completion"

    @extend_schema(request=COUNT_REQUEST, responses={200: COUNT_ANSWER}, examples=examples.COUNTED, tags=["gateway"])
    def post(self, request: Request) -> Response:
        """Count the tokens of a message in Anthropic's protocol.

        Anthropic counts for its own models; for others the tokens are estimated from the text.
        """
        asked = _asked(request, counting=True)
        return Response({"input_tokens": count(access=access_of(request), asked=asked)})


def _asked(request: Request, *, counting: bool = False) -> ClientRequest:
    headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
    return anthropic_requests.read(request.data, headers, counting=counting)
