"""Chatting over HTTP: the whole answer at once, or streamed as it is written."""

from collections.abc import Callable, Generator, Iterator
from typing import Any

from django.conf import settings
from django.db.models import Subquery
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.chat import examples
from conversations.chat.exchange import Exchange
from conversations.chat.service import begin
from conversations.completions.concurrency import Slot
from conversations.completions.idempotency.records import AnswerDeleted
from conversations.completions.idempotency.views import IDEMPOTENCY_KEY, RepeatableView, UnrepeatableView, replayed
from conversations.completions.responses import store_and_ping, streamed
from conversations.completions.sse import EVENT, PING, EventStreamResponse, sse
from conversations.completions.usage import usage_event
from conversations.files.parts import attached, with_text
from conversations.history import queries, serializers
from conversations.history.serializers import MESSAGE_FIELDS, message_row
from conversations.models import RepeatableRequest
from models_registry.errors import ProviderError
from models_registry.providers.base import Prompt, Reasoning, Turn
from perf.api.access import access_of
from perf.api.validation import valid


class ChatView(RepeatableView):
    """POST /chat."""

    operation = "chat"

    @extend_schema(
        request=serializers.ChatInput,
        responses=serializers.ChatOutput,
        parameters=[IDEMPOTENCY_KEY],
        examples=examples.CHAT,
        tags=["chat"],
    )
    def post(self, request: Request) -> Response:
        """Send a message and wait for the whole answer.

        Begins a conversation, or continues the one that `conversation_id` names; then `provider` and `model` may be
        left out. Your message is kept before the model is called, and the answer however it ends. `attachments` are
        files that go with it: upload them first, with `POST /api/v1/files`.

        The provider `echo` repeats what you say and needs no key, in development. For others the server or you need an
        API key (`PUT /api/v1/keys/{provider}`). An `Idempotency-Key` makes it safe to send the same request again.
        """
        if self.attempt is not None and self.attempt.record is not None and self.attempt.answered:
            return replayed(_kept(self.attempt.record))
        asked = _chat_arguments(request)
        return whole_answer(lambda: begin(**asked, attempt=self.attempt))


class ChatStreamView(UnrepeatableView):
    """POST /chat/stream."""

    @extend_schema(
        request=serializers.ChatInput,
        responses={(200, "text/event-stream"): EVENT},
        examples=examples.STREAM,
        tags=["chat"],
    )
    def post(self, request: Request) -> EventStreamResponse:
        """Send a message and read the answer as it is written.

        Takes what `POST /api/v1/chat` takes, and answers with server-sent events: `start` with the conversation,
        `reasoning` and `chunk` with a piece of it in `content`, and at the end one `done` with tokens, cost and times,
        or one `error` with code and message. Lines that begin with a colon keep the connection open.

        What is wrong with the request itself is an ordinary error response. If you disconnect, the model is stopped,
        and what had arrived is kept.
        """
        asked = _chat_arguments(request)
        return streamed(lambda: begin(**asked), answer_events)


def whole_answer(begin: Callable[[], Exchange]) -> Response:
    """Begin an exchange and wait for the whole answer. Raises ServerBusy, ProviderError, and what `begin` raises."""
    with Slot():
        exchange = begin()
        try:
            exchange.complete()
            exchange.finish(whole=True)
        except ProviderError as error:
            exchange.finish(whole=False, failure=error)
            error.details |= _places(exchange)
            raise
        finally:
            exchange.abandon()
    message = {field: getattr(exchange.message, field) for field in (*MESSAGE_FIELDS, "dropped_messages")}
    return Response(_answer(exchange.conversation.pk, exchange.question_id, message, exchange.selection))


def _answer(
    conversation_id: Any, question_id: Any, message: dict[str, Any], selection: dict[str, Any] | None
) -> dict[str, Any]:
    chosen = {} if selection is None else {"selection": selection}
    return {
        "conversation_id": conversation_id,
        "question_id": question_id,
        "response": message["content"],
        "message": message_row(message),
        "context": {"dropped_messages": message["dropped_messages"] or 0},  # null in rows of earlier versions
        **chosen,
    }


def _kept(earlier: RepeatableRequest) -> dict[str, Any]:
    """Read the answer to an earlier attempt; raises AnswerDeleted."""
    assert earlier.conversation_id is not None  # noqa: S101 - else the attempt had been refused
    assert earlier.asked_at is not None  # noqa: S101 - a chat has its time
    question = queries.question(earlier.conversation_id, earlier.asked_at).values("pk")
    answers = queries.messages(earlier.conversation_id).annotate(question_id=Subquery(question))
    row = (
        answers.values(*MESSAGE_FIELDS, "dropped_messages", "selection", "question_id")
        .filter(pk=earlier.answer_id)
        .first()
    )
    if row is None:
        raise AnswerDeleted
    return _answer(earlier.conversation_id, row["question_id"], row, row["selection"])


def answer_events(exchange: Exchange) -> Iterator[bytes]:
    """Yield the events of a stream: `start`, the pieces as they arrive, and `done` or `error`."""
    places = {"conversation_id": exchange.conversation.pk, "question_id": exchange.question_id}
    yield sse({"event": "start", **places, **_chosen(exchange)})
    failure: APIException | None = yield from _chunks(exchange)
    finishing = exchange.finishing(whole=failure is None, failure=failure)
    failure = (yield from store_and_ping(finishing)) or failure
    yield sse(_done(exchange) if failure is None else _failed(exchange, failure))


def _chunks(exchange: Exchange) -> Generator[bytes, None, APIException | None]:
    """Yield the pieces as they arrive, and pings in times of silence; returns the error that the answer ends with."""
    pieces = exchange.pieces(heartbeat=settings.STREAM_HEARTBEAT)
    while True:
        try:
            arrived = next(pieces)
        except StopIteration as end:
            failure: APIException | None = end.value
            return failure
        yield b"".join(map(_chunk, arrived)) or PING


def _chosen(exchange: Exchange) -> dict[str, Any]:
    return {} if exchange.selection is None else {"selection": exchange.selection}


def _chunk(piece: str) -> bytes:
    return sse({"event": "reasoning" if isinstance(piece, Reasoning) else "chunk", "content": piece})


def _done(exchange: Exchange) -> dict[str, Any]:
    measured = exchange.call.measure()
    ended = {"finish_reason": exchange.call.finish_reason, "usage": usage_event(measured._asdict())}
    times = {"time": measured.time, "ttft": measured.ttft}
    context = {"context": {"dropped_messages": exchange.dropped}}
    return {"event": "done", **_places(exchange), **context, **ended, **times, **_chosen(exchange)}


def _failed(exchange: Exchange, failure: APIException) -> dict[str, Any]:
    return {"event": "error", "error": failure.get_codes(), "message": str(failure.detail), **_places(exchange)}


def _places(exchange: Exchange) -> dict[str, Any]:
    """Say where the exchange is kept; a conversation deleted meanwhile keeps no message."""
    message_id = exchange.message.pk if exchange.message and exchange.stored else None
    kept_in = {"conversation_id": exchange.conversation.pk, "question_id": exchange.question_id}
    return {**kept_in, "message_id": message_id}


def _chat_arguments(request: Request) -> dict[str, Any]:
    """Read the body into the arguments of `begin`.

    `messages` of role system become the system prompt, behind an explicit one. Files go with the last message.
    """
    data = valid(serializers.ChatInput, request.data)
    turns = data.get("messages") or [{"role": "user", "content": data["message"]}]
    systems = [data.get("system"), *(turn["content"] for turn in turns if turn["role"] == "system")]
    given = [system for system in systems if system is not None]
    access = access_of(request)
    messages = [Turn(**turn) for turn in turns if turn["role"] != "system"]
    files = attached(access.user_id, data.get("attachments", ()))
    messages[-1] = messages[-1]._replace(parts=with_text(messages[-1].content, files))
    prompt = Prompt(
        messages=messages,
        system="\n\n".join(given) if given else None,
        **parameters_of(data),
    )
    target = {name: data.get(name) for name in ("provider", "model", "conversation_id")}
    return {"access": access, "prompt": prompt, "context": data["context"], **target}


def parameters_of(data: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a `Prompt` by validated `ParametersInput`."""
    return {
        "temperature": data.get("temperature"),
        "max_tokens": data.get("max_tokens"),
        "reasoning_effort": data.get("reasoning_effort"),
        "cache": settings.PROMPT_CACHING and data["prompt_caching"],
    }
