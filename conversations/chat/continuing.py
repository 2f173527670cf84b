"""Answers that broke off, continued: the model that began one goes on with it, and both parts are one message."""

from typing import Any
from uuid import UUID

from django.db import transaction
from rest_framework.exceptions import APIException, NotFound, ValidationError

from conversations.chat.context import Mode
from conversations.chat.exchange import Exchange
from conversations.chat.retrying import Asked, answer_requests, claim_on, lock, recount
from conversations.chat.running import mark_stored, unmark
from conversations.chat.service import call_of
from conversations.chat.target import Target
from conversations.chat.turns import BLANK_LINE, alternating
from conversations.completions.concurrency import storage_limit
from conversations.completions.idempotency.records import Attempt
from conversations.completions.usage import both, measurement
from conversations.history.queries import history, own_message
from conversations.models import Conversation, Message
from models_registry.calls.completion import ResolvedModel, resolve
from models_registry.calls.measurement import Measurement
from models_registry.catalogue.lookup import usable_provider
from models_registry.models import Provider
from models_registry.providers.base import Prompt
from perf.api.access import Access

# The columns that a continuation changes, besides the figures.
CHANGED = (
    *("content", "reasoning", "status", "finish_reason", "error", "error_message", "request_id"),
    *("dropped_messages", "metered", *Measurement._fields),
)
NOT_INTERRUPTED = "Only an answer that was interrupted can be continued."
NOT_LAST = "Only the last message of a conversation can be continued."
HAS_PARTS = "An answer that is more than a text cannot be continued; have its question answered again."


class Continuation(Exchange):
    """An interrupted answer and the call that goes on with it; `message` has both parts.

    Whatever becomes of the call, nothing of the first part is lost: its text stands before what has arrived.
    """

    def __init__(self, conversation: Conversation, asked: Asked, *args: Any, **options: Any) -> None:
        """Take the conversation as it is locked, its last question, and what an `Exchange` takes besides."""
        self._begun = asked.answers[-1]
        self.continues = self._begun.pk
        super().__init__(conversation, asked.question.pk, *args, answer_id=self._begun.pk, **options)

    def _answer(self, measured: Measurement, *, whole: bool, failure: APIException | None) -> Message:
        answer, begun = super()._answer(measured, whole=whole, failure=failure), self._begun
        answer.content = begun.content + answer.content
        answer.reasoning = BLANK_LINE.join(filter(None, (begun.reasoning, answer.reasoning))) or None
        if answer.status != Message.Status.COMPLETE:
            answer.status = Message.Status.INTERRUPTED
        answer.selection, answer.created_at = begun.selection, begun.created_at
        answer.metered = begun.metered is not False  # else its first part came with an import
        for name, value in both(measurement(begun), measured)._asdict().items():
            setattr(answer, name, value)
        return answer

    def _is_stored(self, answer: Message) -> bool:  # noqa: ARG002 - as others are asked
        """Store it once more: the whole message is written, so that a second time changes nothing."""
        return False


def begin_continuation(
    *, access: Access, message_id: UUID, prompt: Prompt, context: Mode = "full", attempt: Attempt | None = None
) -> Continuation:
    """Prepare the call that goes on with an interrupted answer, holding no connection afterwards.

    `prompt` has the parameters of the call; its messages are those up to the answer, its system prompt is the
    conversation's, and the model is the one that began.

    Raises NotFound for a message that is not the user's, ValidationError for one that is not an interrupted answer at
    the end of its conversation, or for a parameter that the model cannot take, QuestionInProgress, what an `attempt`
    raises, and what `resolve` and `call_of` raise.
    """
    with storage_limit.acquire():
        conversation_id, resolved = _begun_by(access, message_id)
        target = Target([resolved])
        with transaction.atomic():
            asked = lock(access.user_id, conversation_id, message_id)
            _check(asked, message_id)
            conversation, question = asked.conversation, asked.question
            stored = {"conversation": conversation, "asked_at": question.created_at}
            claim = claim_on(access.user_id, asked)
            claim.claim(**stored)
            if attempt is not None:
                attempt.claim(**stored)
            turns, begun = alternating(history(conversation.pk, question.created_at)), asked.answers[-1].content
            call, dropped = target.call(lambda each: call_of(each, conversation, prompt, turns, context, begun=begun))
            stream_id = mark_stored(conversation)

        def store(row: Conversation, answer: Message) -> bool:
            return _store(row.pk, question, answer, claim=claim, stream_id=stream_id)

        kept = {"dropped": dropped, "target": target, "stream_id": stream_id, "add": store}
        return Continuation(conversation, asked, call, attempt, **kept)


def _begun_by(access: Access, message_id: UUID) -> tuple[UUID, ResolvedModel]:
    """Return the conversation of an answer that broke off, and the model that began it.

    Raises NotFound, ValidationError for any other message, and what `resolve` raises.
    """
    found = (
        own_message(access.user_id, message_id).values_list("conversation_id", "status", "provider", "model").first()
    )
    if found is None:
        raise NotFound
    conversation_id, status, provider, model = found
    if status != Message.Status.INTERRUPTED:
        raise ValidationError({"id": NOT_INTERRUPTED})
    try:
        return conversation_id, resolve(access=access, provider=usable_provider(provider), model=model)
    except Provider.DoesNotExist as error:
        raise NotFound("The provider of this answer is gone; have its question answered again.") from error


def _check(asked: Asked, message_id: UUID) -> None:
    last = asked.answers[-1] if asked.answers else asked.question
    if asked.following is not None or last.pk != message_id:
        raise ValidationError({"id": NOT_LAST})
    if last.status != Message.Status.INTERRUPTED:
        raise ValidationError({"id": NOT_INTERRUPTED})
    if last.parts is not None:
        raise ValidationError({"id": HAS_PARTS})


def _store(conversation_id: UUID, question: Message, answer: Message, *, claim: Attempt, stream_id: UUID) -> bool:
    """Write the answer over its first part, in a transaction; returns whether that is still there."""
    current = Conversation.objects.select_for_update().filter(pk=conversation_id).first()
    claim.release()
    unmark(conversation_id, stream_id)
    if current is None:
        return False
    rows = Message.objects.filter(pk=answer.pk, conversation=current)
    if not rows.update(**{name: getattr(answer, name) for name in CHANGED}):
        return False
    if answer.status == Message.Status.COMPLETE:
        answer_requests(current, question, answer)
    recount(current)
    return True
