"""OpenAI's Responses API: responses are made, shown and deleted."""

from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.completions.idempotency.views import IDEMPOTENCY_KEY
from conversations.completions.reasons import INTERRUPTED
from conversations.gateway import examples
from conversations.gateway.answering import headers_of
from conversations.gateway.previous import answer_in, forget, shown
from conversations.gateway.shapes import CONVERSATION, EVENT, RESPONSE, RESPONSE_DELETED, RESPONSE_REQUEST
from conversations.gateway.views import CompletionView, GatewayView
from conversations.models import Message
from models_registry.api.requests import current_user
from models_registry.protocols import responses_requests
from models_registry.protocols.responses_answers import ResponseWriter, answer_of_id


class ResponsesView(CompletionView):
    """POST /v1/responses."""

    operation = "v1/resp"

    @extend_schema(
        request=RESPONSE_REQUEST,
        responses={(200, "application/json"): RESPONSE, (200, "text/event-stream"): EVENT},
        parameters=[CONVERSATION, IDEMPOTENCY_KEY],
        examples=examples.RESPONSE,
        tags=["gateway"],
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Create a response in OpenAI's protocol.

        Takes what OpenAI's `POST /v1/responses` takes, for a model of any provider. OpenAI gets the request as it is;
        for others it is translated to their protocol, and what cannot be is a 400 that names the parameter.
        `previous_response_id` goes on from an answer that is kept here, whichever model gave it: the model gets what
        came before. It is kept as chat completions are.
        """
        asked = responses_requests.read(request.data)

        def writer(name: str, answer_id: UUID) -> ResponseWriter:
            return ResponseWriter(name, answer_id, asked.body)

        return self.answer(request, asked, writer)


class ResponseView(GatewayView):
    """GET and DELETE /v1/responses/{id}."""

    @extend_schema(responses={200: RESPONSE}, examples=examples.RESPONSE_SHOWN, tags=["gateway"])
    def get(self, request: Request, response_id: str) -> Response:
        """Show a response that is kept.

        Its output, tokens and status; of the request that asked for it nothing is shown.
        """
        message = shown(current_user(request).pk, answer_of_id(response_id))
        name = f"{message.provider}/{message.model}"
        whole = ResponseWriter(name, message.pk, {}).whole(answer_in(message))
        return Response({**whole, **_broken_off(message)}, headers=headers_of(name, message.conversation_id))

    @extend_schema(
        request=None, responses={200: RESPONSE_DELETED}, examples=examples.RESPONSE_DELETED, tags=["gateway"]
    )
    def delete(self, request: Request, response_id: str) -> Response:
        """Delete a response, and the question that it answers.

        A conversation of which nothing else is left is deleted with it. What it cost stays counted.
        """
        forget(current_user(request).pk, answer_of_id(response_id))
        return Response({"id": response_id, "object": "response", "deleted": True})


def _broken_off(message: Message) -> dict[str, Any]:
    """Say of an answer that is not whole why; nothing of a whole one."""
    if message.status == Message.Status.COMPLETE:
        return {}
    if (message.error, message.error_message) == INTERRUPTED:
        return {"status": "cancelled", "incomplete_details": None}
    error = {"code": "server_error", "message": message.error_message or "The answer broke off."}
    return {"status": "failed", "incomplete_details": None, "error": error}
