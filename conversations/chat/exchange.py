"""A question and its answer: the calls of models, one after the other fails, and the answer is kept however it ends."""

from collections.abc import Callable, Generator, Iterator
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from rest_framework.exceptions import APIException
from uuid_utils.compat import uuid7

from conversations.chat.counting import add_answer
from conversations.chat.target import Target
from conversations.completions.concurrency import storage_limit
from conversations.completions.idempotency.records import Attempt
from conversations.completions.parts import kept_parts
from conversations.completions.reasons import INTERRUPTED, reason
from conversations.completions.runner import Event
from conversations.completions.storing import Storing
from conversations.completions.usage import settling
from conversations.models import Conversation, Message
from models_registry.calls.completion import Call
from models_registry.calls.measurement import Measurement
from models_registry.errors import ProviderError
from perf.db.inserting import together
from perf.serving.logs import request_id


class Exchange:
    """A stored question and the call that answers it; `message` is the answer once the call ended.

    `continues` is the id of the message that the answer goes on with, None for an answer of its own.
    """

    continues: UUID | None = None

    def __init__(
        self,
        conversation: Conversation,
        question_id: UUID | None,
        call: Call,
        attempt: Attempt | None = None,
        *,
        dropped: int = 0,
        target: Target | None = None,
        stream_id: UUID | None = None,
        add: Callable[[Conversation, Message], bool] | None = None,
        answer_id: UUID | None = None,
    ) -> None:
        """Take the number of messages left out of the call (`dropped`), what `add`s the answer, and the answer's id.

        `target` are the models of which the next one is asked when a call fails before its first piece.
        `question_id` is None where an earlier request stored the question, and nobody asks for it. `add` adds the
        answer to the conversation, at its end by default, and returns whether it did. `stream_id` is what the
        conversation says is running.
        """
        self.conversation = conversation  # as it was when the question was stored
        self.question_id = question_id
        self.stream_id = stream_id or uuid4()
        self._add = add or add_answer
        self._answer_id = answer_id or uuid7()
        self.call = call
        self.dropped = dropped
        self.target = target
        self.attempt = attempt
        self.message: Message | None = None
        self.stored = False
        self._storing: Storing | None = None

    @property
    def selection(self) -> dict[str, Any] | None:
        """Why the model was chosen, None where it was named."""
        return None if self.target is None else self.target.selection

    def pieces(self, read: Callable[[Call], Iterator[list[Event]]]) -> Generator[list[str], None, ProviderError | None]:
        """Yield what arrives by `read`, [] in times of silence; returns the error that the answer ends with."""
        while True:
            failure: ProviderError | None = None
            for arrived in read(self.call):
                chunks = [event for _, event in arrived if isinstance(event, str)]
                if chunks or not arrived:
                    yield chunks
                failure = next((event for _, event in arrived if isinstance(event, ProviderError)), None)
            if failure is None or not self._fall(failure):
                return failure

    def _fall(self, failure: ProviderError) -> bool:
        """Go on with the next model if nothing of an answer has come; tells whether there is one."""
        if self.target is None or self.call.begun or self.call.closed:
            return False
        with storage_limit.acquire():
            following = self.target.following(failure)
        if following is None:
            return False
        settling(self.call).wait()
        self.call, self.dropped = following
        return True

    def finish(self, *, whole: bool, failure: APIException | None = None) -> None:
        """Store what has arrived, once, waiting while the database is away. Raises what the last try raises."""
        for _ in self.finishing(whole=whole, failure=failure):
            pass

    def finishing(self, *, whole: bool, failure: APIException | None = None) -> Iterator[None]:
        """Store what has arrived, once, yielding while the database is away, when no connection is held.

        An answer that is not whole is `interrupted` if text of it came, or if it was given up while the model was
        reasoning, and an `error` otherwise. It is stored with the `failure` that the client is told, by default that of
        the call. When the conversation was deleted meanwhile there is nothing to store it in.
        """
        if self._storing is None:
            measured = self.call.measure()
            answer = self._answer(measured, whole=whole, failure=failure or self.call.failure)
            self.message = answer
            self._storing = Storing(
                lambda again: self._store(answer, measured, whole=whole, again=again),
                conversation_id=self.conversation.pk,
            )
        return self._storing.attempts()

    def _answer(self, measured: Measurement, *, whole: bool, failure: APIException | None) -> Message:
        complete = whole and failure is None
        code, message = (None, None) if complete else INTERRUPTED if failure is None else reason(failure)
        text = self.call.text
        given_up = self.call.closed and self.call.reasoning
        broken = Message.Status.INTERRUPTED if text.strip() or given_up else Message.Status.ERROR
        return Message(
            id=self._answer_id,
            role=Message.Role.ASSISTANT,
            content=text,
            provider=self.call.model.provider.slug,
            model=self.call.model.id,
            status=Message.Status.COMPLETE if complete else broken,
            parts=kept_parts(self.call.parts),
            reasoning=self.call.reasoning or None,
            finish_reason=self.call.finish_reason,
            error=code,
            error_message=message,
            request_id=None if complete else request_id.get(),
            dropped_messages=self.dropped,
            selection=self.selection,
            metered=True,
            **measured._asdict(),
        )

    def _store(self, answer: Message, measured: Measurement, *, whole: bool, again: bool) -> None:
        with storage_limit.acquire(), transaction.atomic():
            if again and self._is_stored(answer):
                self.stored = True
                return
            with together():
                stored = self._add(self.conversation, answer)
                self.call.settle(measured, again=again)
            if stored and self.attempt is not None:
                if whole:
                    self.attempt.complete(answer.pk)
                else:
                    self.attempt.release()
        self.stored = stored

    def abandon(self) -> None:
        """Cancel a call whose client left, and store what has arrived."""
        if self._storing is None:
            self.call.close()
        self.finish(whole=False)

    def _is_stored(self, answer: Message) -> bool:
        """Tell whether an earlier try was committed though nobody heard of it; one still under way is waited for."""
        list(Conversation.objects.filter(pk=self.conversation.pk).select_for_update().values_list("pk"))
        return Message.objects.filter(pk=answer.pk).exists()
