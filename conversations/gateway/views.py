"""What the endpoints of all protocols share, and that of OpenAI's: chat completions."""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations.completions.concurrency import Slot
from conversations.completions.responses import store_and_ping
from conversations.completions.sse import PING, EventStreamResponse
from conversations.gateway import examples
from conversations.gateway.errors import translated
from conversations.gateway.service import Run, begin
from conversations.gateway.shapes import CHAT_ANSWER, CHAT_REQUEST, CONVERSATION
from models_registry.errors import ProviderError
from models_registry.protocols import openai_requests
from models_registry.protocols.answers import AnswerWriter, answer_of
from models_registry.protocols.errors import error_event
from models_registry.protocols.openai_answers import CompletionWriter
from models_registry.protocols.requests import BadRequest, ClientRequest
from models_registry.providers.base import Piece, Relayed
from perf.api.access import access_of

CONVERSATION_HEADER, MODEL_HEADER = "X-Conversation-Id", "X-LLMSelect-Model"
REASON_HEADER = "X-LLMSelect-Reason"  # of the model `llmselect/auto`

MakeWriter = Callable[[str], AnswerWriter]  # by the name of the model that speaks


class GatewayView(APIView):
    """A view below /v1: its errors have the shape of its protocol, and a token may come as `x-api-key` too."""

    renderer_classes = (JSONRenderer,)

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Read a token where Anthropic's clients send it."""
        key = request.META.get("HTTP_X_API_KEY")
        if key and "HTTP_AUTHORIZATION" not in request.META:
            request.META["HTTP_AUTHORIZATION"] = f"Bearer {key}"
        return super().initialize_request(request, *args, **kwargs)

    def handle_exception(self, exc: Exception) -> Response:
        """Refuse what is nested so deeply that it could be read and cannot be written."""
        deep = BadRequest("body", "The body is nested too deeply.")
        return super().handle_exception(deep if isinstance(exc, RecursionError) else exc)


class ChatCompletionsView(GatewayView):
    """POST /v1/chat/completions."""

    throttle_scope = "completion"

    @extend_schema(
        request=CHAT_REQUEST,
        responses={200: CHAT_ANSWER},
        parameters=[CONVERSATION],
        examples=examples.COMPLETION,
        tags=["gateway"],
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Complete a chat in OpenAI's protocol.

        Takes what OpenAI's `POST /v1/chat/completions` takes, for a model of any provider: `model` is `provider/model`,
        a model's own id where only one provider has it, or an alias. A provider that speaks the protocol itself gets
        the request as it is; for others it is translated, and what cannot be is a 400 that names the parameter.

        The chat is kept as a conversation of yours, and a request that sends its history back continues it. With
        `store: false` only its usage is. `stream: true` gives server-sent events.
        """
        asked = openai_requests.read(request.data)
        return answered(request, asked, lambda name: CompletionWriter(name, include_usage=asked.include_usage))


def answered(request: Request, asked: ClientRequest, make_writer: MakeWriter) -> HttpResponseBase:
    """Answer a request, whole or as a stream. Raises ServerBusy, ProviderError, and what `begin` raises."""
    slot = Slot()
    try:
        run = begin(access=access_of(request), asked=asked, conversation_id=_conversation_id(request))
        try:
            respond = _streamed if asked.stream else _whole
            response = respond(run, make_writer, slot)
        except BaseException as error:
            if isinstance(error, APIException):
                _finish(run, whole=False)
            run.abandon()
            if isinstance(error, APIException):
                error.headers = headers_of(run)  # type: ignore[attr-defined]
            raise
    except BaseException:
        slot.release()
        raise
    if not asked.stream:
        slot.release()
    for name, value in headers_of(run).items():
        response.headers[name] = value
    return response


def headers_of(run: Run) -> dict[str, str]:
    """Write the headers that say which model speaks, and where the exchange is kept."""
    kept = {} if run.conversation_id is None else {CONVERSATION_HEADER: str(run.conversation_id)}
    why = {} if run.choice is None else {REASON_HEADER: run.choice.reason.encode("ascii", "replace").decode()}
    return {MODEL_HEADER: run.name, **kept, **why}


def _whole(run: Run, make_writer: MakeWriter, slot: Slot) -> HttpResponseBase:  # noqa: ARG001 - as `_streamed`
    run.complete()
    _finish(run, whole=True)
    if run.call.relayed:
        return HttpResponse(run.call.relayed, content_type="application/json")
    return Response(make_writer(run.name).whole(answer_of(run.call)))


def _streamed(run: Run, make_writer: MakeWriter, slot: Slot) -> HttpResponseBase:
    """Wait for the first piece, or for long silence, so that a failure before it has a status of its own."""
    batches = run.pieces()
    first = next(batches, [])

    def ended() -> None:
        try:
            run.abandon()
        finally:
            slot.release()

    return EventStreamResponse(_events(run, make_writer, chain([first], batches)), ended=ended)


def _events(run: Run, make_writer: MakeWriter, batches: Iterator[list[Piece | Relayed]]) -> Iterator[bytes]:
    """Yield the events of a stream: the provider's own, or written from the pieces; the last one once all is stored."""
    writer: AnswerWriter | None = None
    last = b""
    failure: APIException | None = None
    try:
        for pieces in batches:
            events: list[bytes] = []
            for piece in pieces:
                if isinstance(piece, Relayed):
                    last, written = (piece.data, b"") if piece.last else (last, piece.data)
                else:
                    opening = b""
                    if writer is None:
                        writer = make_writer(run.name)
                        opening = writer.begin()
                    written = opening + writer.piece(piece)
                events.append(written)
            yield b"".join(events) or PING
    except ProviderError as error:
        failure = error
    failure = (yield from store_and_ping(run.finishing(whole=failure is None))) or failure
    if failure is not None:
        yield error_event(run.asked.protocol, _error_of(run, failure))
    elif run.call.relay is not None and writer is None:
        yield last
    else:
        opening = b""
        if writer is None:
            writer = make_writer(run.name)
            opening = writer.begin()
        yield opening + writer.end(answer_of(run.call))


def _error_of(run: Run, failure: APIException) -> dict[str, Any]:
    envelope = {
        "error": failure.get_codes(),
        "message": str(failure.detail),
        "details": getattr(failure, "details", {}),
    }
    return translated(run.asked.protocol, failure.status_code, envelope, failure)[1]


def _finish(run: Run, *, whole: bool) -> None:
    for _ in run.finishing(whole=whole):
        pass


def _conversation_id(request: Request) -> UUID | None:
    """Read which conversation to continue; raises BadRequest."""
    given = request.headers.get(CONVERSATION_HEADER)
    if given is None:
        return None
    try:
        return UUID(given)
    except ValueError:
        raise BadRequest(CONVERSATION_HEADER, f"{CONVERSATION_HEADER} must be the id of a conversation.") from None
