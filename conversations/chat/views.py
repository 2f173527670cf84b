"""Chatting over HTTP: the whole answer at once, or streamed as it is written."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db.models import Subquery
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.chat import examples
from conversations.chat.answering import ChatAnswer
from conversations.chat.exchange import Exchange
from conversations.chat.service import begin
from conversations.completions.idempotency.records import AnswerDeleted
from conversations.completions.idempotency.views import IDEMPOTENCY_KEY, RepeatableView, UnrepeatableView, replayed
from conversations.completions.responses import streamed, whole
from conversations.completions.sse import EVENT, EventStreamResponse
from conversations.files.parts import attached, with_text
from conversations.history import queries, serializers
from conversations.history.serializers import MESSAGE_FIELDS, message_row
from conversations.models import RepeatableRequest
from models_registry.providers.base import Prompt, Turn
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
            return replayed(kept_answer(self.attempt.record))
        asked, _ = _chat_arguments(request)
        return whole_answer(asked["access"].user_id, lambda: begin(**asked, attempt=self.attempt))


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

        What is wrong with the request itself is an ordinary error response. If you disconnect, the answer is written to
        its end all the same, unless `on_disconnect` is `stop`. `start` has the `url` at which to go on reading.
        """
        asked, on_disconnect = _chat_arguments(request)
        user_id = asked["access"].user_id
        return streamed(user_id, lambda: ChatAnswer(begin(**asked)), on_disconnect=on_disconnect)


def whole_answer(user_id: int, begin: Callable[[], Exchange]) -> Response:
    """Begin an exchange and wait for the whole answer.

    Raises ServerBusy, TooManyAnswers, ProviderError, GivenUp, what `begin` raises and what storing raises.
    """
    answering = whole(user_id, lambda: ChatAnswer(begin(), whole=True))
    if answering.failure is not None:
        raise answering.failure
    exchange = answering.exchange
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


def kept_answer(earlier: RepeatableRequest) -> dict[str, Any]:
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


def _chat_arguments(request: Request) -> tuple[dict[str, Any], str | None]:
    """Read the body into the arguments of `begin`, and what becomes of the answer if its reader leaves.

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
    asked = {"access": access, "prompt": prompt, "context": data["context"], **target}
    return asked, data.get("on_disconnect")


def parameters_of(data: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a `Prompt` by validated `ParametersInput`."""
    return {
        "temperature": data.get("temperature"),
        "max_tokens": data.get("max_tokens"),
        "reasoning_effort": data.get("reasoning_effort"),
        "cache": settings.PROMPT_CACHING and data["prompt_caching"],
    }
