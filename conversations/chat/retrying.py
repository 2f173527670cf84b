"""Questions asked again, edited and deleted: the last one, and those that got no answer.

The conversation is locked while its messages change. While a question is answered again, or its answer continued, its
idempotency record of the operation `AGAIN` is claimed, so that another retry, an edit or a deletion is 409
`in_progress`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.exceptions import NotFound, ValidationError

from conversations.chat.context import Mode
from conversations.chat.exchange import Exchange
from conversations.chat.running import mark_stored, unmark
from conversations.chat.service import call_of, target_for
from conversations.chat.turns import TICK, alternating
from conversations.completions.concurrency import storage_limit
from conversations.completions.idempotency.records import AGAIN, Attempt, InProgress
from conversations.files.parts import with_text
from conversations.history.queries import history, messages, messages_after, messages_before, own_message
from conversations.history.serializers import AUTO
from conversations.models import Conversation, Message, RepeatableRequest
from models_registry.models import Provider
from models_registry.providers.base import Prompt, Turn
from perf.api.access import Access

# A question without an answer is taken for one that is being answered, unless it is older; then its process has died.
RUNNING = timedelta(minutes=10)
NEITHER = "This is neither the last question nor one without an answer."


class QuestionInProgress(InProgress):
    """The question is being answered, for the first time or again."""

    default_detail = "This question is being answered; try again in a moment."


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the conversation, which is locked, its answers, and the question after it, if any."""

    conversation: Conversation
    question: Message
    answers: list[Message]
    following: Message | None

    @property
    def answered(self) -> bool:
        """Whether an answer has text, or one given with the question after this one stands for both."""
        joined = self.following is not None and self.following.created_at - self.question.created_at == TICK
        return joined or any(_has_text(answer) for answer in self.answers)


def begin_retry(
    *,
    access: Access,
    message_id: UUID,
    prompt: Prompt,
    provider: Provider | None = None,
    model: str | None = None,
    context: Mode = "full",
) -> Exchange:
    """Prepare the call that answers a question again, holding no connection afterwards.

    `message_id` is that of the question or of its answer. `prompt` has the parameters of the call; its messages are
    those up to the question, its system prompt is the conversation's. A provider or model that is None is the
    conversation's, and the new ones become its own once they have answered.

    Raises NotFound for a message that is not the user's, ValidationError for a question that is neither the last nor
    without an answer, or a parameter that the model cannot take, ModelNotAllowed, BudgetExceeded, PriceUnknown,
    ContextLengthExceeded, APIKeyMissing, APIKeyUnreadable, and QuestionInProgress.
    """
    user_id = access.user_id
    with storage_limit.acquire():
        conversation_id = _conversation_of(user_id, message_id)
        latest = messages(conversation_id).filter(role=Message.Role.USER).order_by("-created_at", "-id")
        text = latest.values_list("content", flat=True).first() if model == AUTO else None
        asked_for = replace(prompt, messages=[Turn("user", text or "")])  # what a model is chosen for
        target = target_for(access, provider, model, conversation_id, asked_for)
        with transaction.atomic():
            asked = lock(user_id, conversation_id, message_id)
            claim = claim_on(user_id, asked)
            claim.claim(conversation=asked.conversation, asked_at=asked.question.created_at)
            conversation = asked.conversation
            turns = alternating(history(conversation.pk, asked.question.created_at))
            call, dropped = target.call(lambda each: call_of(each, conversation, prompt, turns, context))
            stream_id = mark_stored(conversation)
        question_id = asked.question.pk
        add = _replacing(question_id, claim, stream_id)
        return Exchange(conversation, question_id, call, dropped=dropped, target=target, stream_id=stream_id, add=add)


def edit_question(*, user_id: int, message_id: UUID, content: str) -> Message:
    """Change the text of the last question, whose files stay, and delete its answer.

    Raises NotFound, QuestionInProgress, and ValidationError for any other message.
    """
    with transaction.atomic():
        asked = lock(user_id, _conversation_of(user_id, message_id), message_id)
        if asked.question.pk != message_id:
            raise ValidationError({"id": "This is an answer; edit its question."})
        if asked.following is not None:
            raise ValidationError({"id": "Only the last question can be edited."})
        claim = claim_on(user_id, asked)
        claim.claim(conversation=asked.conversation, asked_at=asked.question.created_at)
        claim.release()  # without an answer now, but not because one is being written
        _among(asked.answers).delete()
        own = Message.objects.filter(pk=message_id)
        own.update(content=content, parts=with_text(content, asked.question.parts))
        recount(asked.conversation)
        return own.get()


def delete_turn(*, user_id: int, message_id: UUID) -> None:
    """Delete a question with its answers: the last one, or one without an answer with text.

    `message_id` is that of the question or of its answer. Raises NotFound, QuestionInProgress, and ValidationError for
    any other message.
    """
    with transaction.atomic():
        asked = lock(user_id, _conversation_of(user_id, message_id), message_id)
        claim_on(user_id, asked)
        _among([asked.question, *asked.answers]).delete()


def _conversation_of(user_id: int, message_id: UUID) -> UUID:
    """Return the id of a message's conversation. Raises NotFound if it is not the user's."""
    found = own_message(user_id, message_id).values_list("conversation_id", flat=True).first()
    if found is None:
        raise NotFound
    return found


def lock(user_id: int, conversation_id: UUID, message_id: UUID) -> Asked:
    """Lock the conversation, and find the question of a message. Raises NotFound and ValidationError."""
    conversation = Conversation.objects.for_user(user_id).select_for_update().filter(pk=conversation_id).first()
    message = messages(conversation_id).filter(pk=message_id).first()
    if conversation is None or message is None:
        raise NotFound
    question: Message | None = message
    if message.role != Message.Role.USER:
        earlier = messages_before(conversation_id, message.created_at, message.pk).filter(role=Message.Role.USER)
        question = earlier.order_by("-created_at", "-id").first()
    if question is None:
        raise ValidationError({"id": NEITHER})
    asked = _asked(conversation, question)
    if asked.following is not None and asked.answered:
        raise ValidationError({"id": NEITHER})
    return asked


def _asked(conversation: Conversation, question: Message) -> Asked:
    later = messages_after(conversation.pk, question.created_at)
    following = later.filter(role=Message.Role.USER).first()
    answers = later if following is None else later.filter(created_at__lt=following.created_at)
    return Asked(conversation, question, list(answers), following)


def claim_on(user_id: int, asked: Asked) -> Attempt:
    """Return the claim to a question. Raises QuestionInProgress while it is being answered, or answered again."""
    try:
        claim = _Claim(user_id=user_id, operation=AGAIN, key=str(asked.question.pk), body=None)
    except InProgress as error:
        raise QuestionInProgress from error
    # With a record the question was answered before, or edited.
    waits = claim.record is None and not asked.answers and not asked.answered
    if waits and timezone.now() - asked.question.created_at < RUNNING:
        raise QuestionInProgress
    return claim


class _Claim(Attempt):
    """A claim that several retries make one after the other: each one leaves it to the next."""

    def claim(self, **stored: Any) -> None:
        """Claim the question. Raises QuestionInProgress when another retry was faster."""
        try:
            super().claim(**stored)
        except InProgress as error:
            raise QuestionInProgress from error


def _replacing(question_id: UUID, claim: Attempt, stream_id: UUID) -> Callable[[Conversation, Message], bool]:
    """Return what stores the new answer in the place of the earlier ones, and tells whether it is stored.

    It runs in a transaction. An answer with text stays when the new one has none. Of a question deleted meanwhile there
    is nothing to answer.
    """

    def add(conversation: Conversation, answer: Message) -> bool:
        current = Conversation.objects.select_for_update().filter(pk=conversation.pk).first()
        claim.release()
        unmark(conversation.pk, stream_id)
        question = messages(conversation.pk).filter(pk=question_id).first()
        if current is None or question is None:
            return False
        asked = _asked(current, question)
        if asked.answered and not _has_text(answer):
            return False
        answer.conversation = current
        if asked.following is None:
            latest = max(message.created_at for message in (question, *asked.answers))
            answer.created_at = max(timezone.now(), latest + TICK)
        else:  # it stands before the next question
            answer.created_at = asked.answers[0].created_at if asked.answers else question.created_at + TICK
        _among(asked.answers).delete()
        Message.objects.bulk_create([answer])
        recount(current)
        if _has_text(answer):
            current.provider, current.model = answer.provider, answer.model
            current.save(update_fields=["provider", "model", "updated_at"])
            answer_requests(current, question, answer)
        return True

    return add


def answer_requests(conversation: Conversation, question: Message, answer: Message) -> None:
    """Have a repetition of the request that asked the question, by its `Idempotency-Key`, get the new answer."""
    asked = {"user_id": conversation.user_id, "operation": "chat", "asked_at": question.created_at}
    requests = RepeatableRequest.objects.filter(**asked, conversation=conversation)
    requests.update(answered=True, answer_id=answer.pk, claimed_at=None)


def _has_text(answer: Message) -> bool:
    return bool(answer.content) and answer.status != Message.Status.ERROR


def _among(rows: list[Message]) -> QuerySet[Message]:
    return Message.objects.filter(pk__in=[row.pk for row in rows])


def recount(conversation: Conversation) -> None:
    """Set what a conversation says of its messages by them."""
    Conversation.objects.filter(pk=conversation.pk).recount()
