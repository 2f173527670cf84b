"""Single messages over HTTP: a question is answered again, edited or deleted, an interrupted answer continued."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations.chat import examples
from conversations.chat.answering import ChatAnswer
from conversations.chat.continuing import begin_continuation
from conversations.chat.retrying import begin_retry, delete_turn, edit_question
from conversations.chat.views import kept_answer, parameters_of, whole_answer
from conversations.completions.idempotency.views import IDEMPOTENCY_KEY, RepeatableView, UnrepeatableView, replayed
from conversations.completions.responses import streamed
from conversations.completions.sse import EVENT, EventStreamResponse
from conversations.history import serializers
from conversations.history.serializers import MESSAGE_FIELDS, message_row
from models_registry.api.requests import current_user
from models_registry.providers.base import Prompt
from perf.api.access import access_of
from perf.api.validation import valid


class MessageView(APIView):
    """PATCH and DELETE /messages/{id}."""

    conflicts = True  # with an answer that is being written

    @extend_schema(
        request=serializers.ContentInput,
        responses=serializers.MessageOutput,
        examples=examples.EDITED,
        tags=["chat"],
    )
    def patch(self, request: Request, pk: UUID) -> Response:
        """Edit the last question.

        Its answer, if there is one, is deleted. `POST /messages/{id}/retry` has the question answered.
        """
        content = valid(serializers.ContentInput, request.data)["content"]
        message = edit_question(user_id=current_user(request).pk, message_id=pk, content=content)
        return Response(message_row({field: getattr(message, field) for field in MESSAGE_FIELDS}))

    @extend_schema(request=None, responses={204: None}, tags=["chat"])
    def delete(self, request: Request, pk: UUID) -> Response:
        """Delete a question with its answer.

        It must be the last question, or one that got no answer. The id is that of the question or of its answer.
        """
        delete_turn(user_id=current_user(request).pk, message_id=pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


class RetryView(UnrepeatableView):
    """POST /messages/{id}/retry."""

    refusal = "A retry is not repeated; leave the header out."

    @extend_schema(
        request=serializers.RetryInput, responses=serializers.ChatOutput, examples=examples.RETRY, tags=["chat"]
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """Answer a question again.

        It must be the last question, or one that got no answer. Waits for the whole answer, which replaces the earlier
        one, unless it fails. The id is that of the question or of its answer. While the question is being answered
        again, another retry is 409 `in_progress`.
        """
        asked, _ = _asked(request, pk)
        return whole_answer(asked["access"].user_id, lambda: begin_retry(**asked))


class RetryStreamView(UnrepeatableView):
    """POST /messages/{id}/retry/stream."""

    @extend_schema(
        request=serializers.RetryInput,
        responses={(200, "text/event-stream"): EVENT},
        examples=examples.RETRY_STREAM,
        tags=["chat"],
    )
    def post(self, request: Request, pk: UUID) -> EventStreamResponse:
        """Answer a question again, and read the answer as it is written.

        Takes what `POST /api/v1/messages/{id}/retry` takes. The events are those of `POST /chat/stream`.
        """
        asked, on_disconnect = _asked(request, pk)
        user_id = asked["access"].user_id
        return streamed(user_id, lambda: ChatAnswer(begin_retry(**asked)), on_disconnect=on_disconnect)


class ContinueView(RepeatableView):
    """POST /messages/{id}/continue."""

    operation = "continue"

    @property
    def identified(self) -> Any:
        """The body, and which answer is continued."""
        return [str(self.kwargs["pk"]), self.request.data]

    @extend_schema(
        request=serializers.ContinueInput,
        responses=serializers.ChatOutput,
        parameters=[IDEMPOTENCY_KEY],
        examples=examples.CONTINUED,
        tags=["chat"],
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """Continue an answer that was interrupted.

        It must be the last message of its conversation, with the status `interrupted`. The model that began it goes on
        from where it stopped; waits for the end. Both parts are one message, under the id that it had, with the sums of
        their tokens, costs and times. If the model fails, the message has what it had before, and what has arrived.
        While it is being continued, or its question answered again, another try is 409 `in_progress`.
        """
        if self.attempt is not None and self.attempt.record is not None and self.attempt.answered:
            return replayed(kept_answer(self.attempt.record))
        asked, _ = _to_continue(request, pk)
        user_id = asked["access"].user_id
        return whole_answer(user_id, lambda: begin_continuation(**asked, attempt=self.attempt))


class ContinueStreamView(UnrepeatableView):
    """POST /messages/{id}/continue/stream."""

    @extend_schema(
        request=serializers.ContinueInput,
        responses={(200, "text/event-stream"): EVENT},
        examples=examples.CONTINUED_STREAM,
        tags=["chat"],
    )
    def post(self, request: Request, pk: UUID) -> EventStreamResponse:
        """Continue an answer that was interrupted, and read the rest as it is written.

        Takes what `POST /api/v1/messages/{id}/continue` takes. The events are those of `POST /chat/stream`: `start`
        names the message in `continues`, each `chunk` is new text, and `done` has the figures of the whole message.
        """
        asked, on_disconnect = _to_continue(request, pk)
        user_id = asked["access"].user_id
        return streamed(user_id, lambda: ChatAnswer(begin_continuation(**asked)), on_disconnect=on_disconnect)


def _to_continue(request: Request, pk: UUID) -> tuple[dict[str, Any], str | None]:
    """Return the arguments of `begin_continuation`, and what becomes of the answer if its reader leaves."""
    data = valid(serializers.ContinueInput, request.data)
    prompt = Prompt(messages=[], **parameters_of(data))
    asked = {"access": access_of(request), "message_id": pk, "prompt": prompt, "context": data["context"]}
    return asked, data.get("on_disconnect")


def _asked(request: Request, pk: UUID) -> tuple[dict[str, Any], str | None]:
    """Return the arguments of `begin_retry`, and what becomes of the answer if its reader leaves."""
    data = valid(serializers.RetryInput, request.data)
    asked = {
        "access": access_of(request),
        "message_id": pk,
        "prompt": Prompt(messages=[], **parameters_of(data)),
        "provider": data.get("provider"),
        "model": data.get("model"),
        "context": data["context"],
    }
    return asked, data.get("on_disconnect")
