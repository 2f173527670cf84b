"""What the endpoints of all protocols share, and that of OpenAI's chat completions."""

from collections.abc import Mapping
from functools import cached_property
from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations.completions.idempotency.records import Attempt
from conversations.completions.idempotency.views import HEADER, IDEMPOTENCY_KEY, RepeatableView
from conversations.gateway import examples
from conversations.gateway.answering import MakeWriter, answered, replayed_answer
from conversations.gateway.shapes import CHAT_ANSWER, CHAT_REQUEST, CONVERSATION, EVENT
from models_registry.protocols import openai_requests
from models_registry.protocols.openai_answers import CompletionWriter
from models_registry.protocols.requests import BadRequest, ClientRequest


class GatewayView(APIView):
    """A view below /v1: its errors have the shape of its protocol, and a token may come as `x-api-key` too."""

    renderer_classes = (JSONRenderer,)
    takes_api_key = True  # where Anthropic's clients send it

    def handle_exception(self, exc: Exception) -> Response:
        """Refuse what is nested so deeply that it could be read and cannot be written."""
        deep = BadRequest("body", "The body is nested too deeply.")
        return super().handle_exception(deep if isinstance(exc, RecursionError) else exc)


class CompletionView(GatewayView, RepeatableView):
    """A view whose POST calls a model; with an `Idempotency-Key` once, if its answer is whole and kept."""

    @cached_property
    def attempt(self) -> Attempt | None:
        """The attempt that this request is. Raises BadRequest for one that cannot be repeated."""
        body = self.request.data
        passing = isinstance(body, Mapping) and (body.get("stream") or body.get("store") is False)
        if self.request.method == "POST" and HEADER in self.request.headers and passing:
            raise BadRequest(HEADER, "Neither streams nor what is not kept can be repeated; leave the header out.")
        return super().attempt

    def answer(self, request: Request, asked: ClientRequest, make_writer: MakeWriter) -> HttpResponseBase:
        """Answer a request, or give the answer that it got before. Raises what `answered` raises, and AnswerDeleted."""
        attempt = self.attempt
        if attempt is not None and attempt.record is not None and attempt.answered:
            return replayed_answer(request, attempt.record, make_writer)
        return answered(request, asked, make_writer, attempt)


class ChatCompletionsView(CompletionView):
    """POST /v1/chat/completions."""

    operation = "v1/chat"

    @extend_schema(
        request=CHAT_REQUEST,
        responses={(200, "application/json"): CHAT_ANSWER, (200, "text/event-stream"): EVENT},
        parameters=[CONVERSATION, IDEMPOTENCY_KEY],
        examples=examples.COMPLETION,
        tags=["gateway"],
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Complete a chat in OpenAI's protocol.

        Takes what OpenAI's `POST /v1/chat/completions` takes, for a model of any provider: `model` is `provider/model`,
        a model's own id where only one provider has it, or an alias. A provider that speaks the protocol itself gets
        the request as it is; for others it is translated, and what cannot be is a 400 that names the parameter.

        The chat is kept as a conversation of yours, and a request that sends its history back continues it. With
        `store: false` only its usage is. `stream: true` gives server-sent events. An `Idempotency-Key` is for whole
        answers that are kept.
        """
        asked = openai_requests.read(request.data)

        def writer(name: str, answer_id: UUID) -> CompletionWriter:
            return CompletionWriter(name, answer_id, include_usage=asked.include_usage)

        return self.answer(request, asked, writer)
