"""Answers requests in any protocol: whole, as a stream, or again."""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.completions.concurrency import Slot
from conversations.completions.idempotency.records import AnswerDeleted, Attempt
from conversations.completions.idempotency.views import REPLAYED
from conversations.completions.responses import store_and_ping
from conversations.completions.sse import PING, EventStreamResponse
from conversations.gateway.errors import translated
from conversations.gateway.previous import answer_in
from conversations.gateway.service import Run, begin
from conversations.history.queries import own_message
from conversations.models import RepeatableRequest
from models_registry.errors import ProviderError
from models_registry.protocols.answers import AnswerWriter, answer_of
from models_registry.protocols.requests import BadRequest, ClientRequest
from models_registry.providers.base import Piece, Relayed
from perf.api.access import access_of

CONVERSATION_HEADER, MODEL_HEADER = "X-Conversation-Id", "X-LLMSelect-Model"
REASON_HEADER = "X-LLMSelect-Reason"  # of the model `llmselect/auto`

MakeWriter = Callable[[str, UUID], AnswerWriter]  # by the name of the model that speaks, and the id of its answer


def answered(
    request: Request, asked: ClientRequest, make_writer: MakeWriter, attempt: Attempt | None = None
) -> HttpResponseBase:
    """Answer a request, whole or as a stream. Raises ServerBusy, ProviderError, and what `begin` raises."""
    slot = Slot()
    try:
        named = _conversation_id(request)
        run = begin(access=access_of(request), asked=asked, conversation_id=named, attempt=attempt)
        try:
            respond = _streamed if asked.stream else _whole
            response = respond(run, make_writer, slot)
        except BaseException as error:
            if isinstance(error, APIException):
                _finish(run, whole=False)
            run.abandon()
            if isinstance(error, APIException):
                error.headers = headers_of(run.name, run.conversation_id, run.reason)  # type: ignore[attr-defined]
            raise
    except BaseException:
        slot.release()
        raise
    if not asked.stream:
        slot.release()
    for name, value in headers_of(run.name, run.conversation_id, run.reason).items():
        response.headers[name] = value
    return response


def headers_of(name: str, conversation_id: UUID | None, reason: str | None = None) -> dict[str, str]:
    """Write the headers that say which model speaks, why it was chosen, and where the exchange is kept."""
    kept = {} if conversation_id is None else {CONVERSATION_HEADER: str(conversation_id)}
    why = {} if reason is None else {REASON_HEADER: reason.encode("ascii", "replace").decode()}
    return {MODEL_HEADER: name, **kept, **why}


def replayed_answer(request: Request, earlier: RepeatableRequest, make_writer: MakeWriter) -> Response:
    """Write the answer to an earlier attempt again, from what is kept of it. Raises AnswerDeleted."""
    found = own_message(access_of(request).user_id, earlier.answer_id).first() if earlier.answer_id else None
    if found is None:
        raise AnswerDeleted
    name = f"{found.provider}/{found.model}"
    headers = {**REPLAYED, **headers_of(name, found.conversation_id)}
    return Response(make_writer(name, found.pk).whole(answer_in(found)), headers=headers)


def _whole(run: Run, make_writer: MakeWriter, slot: Slot) -> HttpResponseBase:  # noqa: ARG001 - as `_streamed`
    run.complete()
    _finish(run, whole=True)
    if run.call.relayed:
        return HttpResponse(run.call.relayed, content_type="application/json")
    return Response(make_writer(run.name, run.answer_id).whole(answer_of(run.call)))


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
                        writer = make_writer(run.name, run.answer_id)
                        opening = writer.begin()
                    written = opening + writer.piece(piece)
                events.append(written)
            yield b"".join(events) or PING
    except ProviderError as error:
        failure = error
    failure = (yield from store_and_ping(run.finishing(whole=failure is None))) or failure
    if failure is not None:
        yield (writer or make_writer(run.name, run.answer_id)).failed(_error_of(run, failure))
    elif run.call.relay is not None and writer is None:
        yield last
    else:
        opening = b""
        if writer is None:
            writer = make_writer(run.name, run.answer_id)
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
