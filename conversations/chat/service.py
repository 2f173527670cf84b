"""Chatting: the user's message is kept before the model is asked, and the answer however it ends."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone
from rest_framework.exceptions import NotFound

from conversations.completions.concurrency import keeping
from conversations.completions.storing import Storing
from conversations.history.queries import history, question
from conversations.idempotency.records import AnswerDeleted, Attempt
from conversations.models import PREVIEW_LENGTH, Conversation, ConversationQuerySet, Message, RepeatableRequest
from models_registry.completion import Call, Target, prepare
from models_registry.models import Provider
from models_registry.providers.base import CompletionRequest, Turn

TITLE_FROM_MESSAGE = 80  # characters
TURN_FIELDS = ("provider", "model", "title", "system", "message_count", "preview", "last_message_at", "updated_at")
TICK = timedelta(microseconds=1)  # what a column of times can tell apart


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """What a user asks.

    Without `conversation_id` a conversation begins, of all `turns`; with it, `turns` is the one new message, and a
    provider or model that is None stays what it was. A `system` of None leaves the prompt as it is.
    """

    provider: Provider | None
    model: str | None
    turns: Sequence[Turn]
    conversation_id: UUID | None = None
    system: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None


class Exchange:
    """A user's message that is stored, and the call that shall answer it; `message` is the answer once it ended."""

    def __init__(self, conversation: Conversation, call: Call, attempt: Attempt | None = None) -> None:
        self.conversation = conversation  # as it was when the question was stored
        self.call = call
        self.attempt = attempt
        self.message: Message | None = None
        self.stored = False
        self._storing: Storing | None = None

    def finish(self, *, whole: bool) -> None:
        """Store what has arrived, once, waiting while the database is away; raises what that ends with otherwise."""
        for _ in self.finishing(whole=whole):
            pass

    def finishing(self, *, whole: bool) -> Iterator[None]:
        """Store what has arrived, once, yielding while the database is away, when no connection is held.

        An answer that is not whole is `interrupted`, or an `error` when nothing of it came. When the conversation was
        deleted meanwhile there is nothing to store it in.
        """
        if self._storing is None:
            answer = self._answer(whole=whole)
            self.message = answer
            self._storing = Storing(
                lambda again: self._store(answer, whole=whole, again=again), conversation_id=self.conversation.pk
            )
        return self._storing.attempts()

    def _answer(self, *, whole: bool) -> Message:
        text = self.call.text
        broken = Message.Status.INTERRUPTED if text else Message.Status.ERROR
        return Message(
            role=Message.Role.ASSISTANT,
            content=text,
            provider=self.call.target.provider.slug,
            model=self.call.target.model,
            status=Message.Status.COMPLETE if whole and not self.call.cut else broken,
            **self.call.figures()._asdict(),
        )

    def _store(self, answer: Message, *, whole: bool, again: bool) -> None:
        with keeping.taken(), transaction.atomic():
            if again and _is_stored(self.conversation, answer):
                self.stored = True
                return
            stored = _follow(self.conversation, answer)
            if stored and self.attempt is not None:
                if whole:
                    self.attempt.complete(answer.pk)
                else:
                    self.attempt.release()
        self.stored = stored

    def abandon(self) -> None:
        """Give up a call whose asker left: the provider is let go, what had arrived is kept."""
        if self._storing is None:
            self.call.close()
        self.finish(whole=False)


def begin(*, user_id: int, request: ChatRequest, attempt: Attempt | None = None) -> Exchange:
    """Store the user's message and prepare the call, holding no connection afterwards.

    Raises NotFound for a conversation that is not the user's, APIKeyMissing or APIKeyUnreadable, and InProgress or
    AnswerDeleted of an `attempt`: then nothing is stored. When an earlier attempt stored the message it is answered
    where it stands.
    """
    with keeping.taken():
        target = _target(user_id, request)
        with transaction.atomic():
            if attempt is not None and attempt.record is not None:
                return _again(attempt, attempt.record, request, target)
            conversation = _conversation(user_id, request, target)
            _append(conversation, [_user_message(turn, target) for turn in request.turns])
            if attempt is not None:
                attempt.claim(conversation=conversation, asked_at=conversation.last_message_at)
            call = Call(target, _completion_request(conversation, request, target))
        return Exchange(conversation, call, attempt)


def _again(attempt: Attempt, earlier: RepeatableRequest, request: ChatRequest, target: Target) -> Exchange:
    """Ask once more what an attempt stored that failed or died: with the history as it was then.

    Raises AnswerDeleted when the message is not there any more.
    """
    attempt.claim()  # first: from here on the conversation cannot be deleted before this is stored
    conversation, asked_at = earlier.conversation, earlier.asked_at
    assert conversation is not None  # noqa: S101 - else it could not be taken
    assert asked_at is not None  # noqa: S101 - a chat has its time
    if not question(conversation.pk, asked_at).exists():
        raise AnswerDeleted
    turns = _history(conversation, until=asked_at)
    return Exchange(conversation, Call(target, _completion_request(conversation, request, target, turns)), attempt)


def _target(user_id: int, request: ChatRequest) -> Target:
    provider, model = request.provider, request.model
    if request.conversation_id is not None and (provider is None or model is None):
        current = Conversation.objects.for_user(user_id).filter(pk=request.conversation_id).first()
        if current is None:
            raise NotFound
        provider = provider or Provider.objects.usable().filter(slug=current.provider).first()
        model = model or current.model
    if provider is None or model is None:
        raise NotFound("The provider of this conversation is gone; name another one.")
    return prepare(user_id=user_id, provider=provider, model=model)


def _conversation(user_id: int, request: ChatRequest, target: Target) -> Conversation:
    """Lock the conversation to continue, or begin one, and make the target its own."""
    if request.conversation_id is None:
        conversation = Conversation(user_id=user_id)
    else:
        own = Conversation.objects.for_user(user_id).select_for_update()
        found = own.filter(pk=request.conversation_id).first()
        if found is None:
            raise NotFound
        conversation = found
    conversation.provider, conversation.model = target.provider.slug, target.model
    if request.system is not None:
        conversation.system = request.system
    if not conversation.title:
        conversation.title = " ".join(request.turns[0].content.split())[:TITLE_FROM_MESSAGE].rstrip()
    return conversation


def _append(conversation: Conversation, messages: Sequence[Message]) -> None:
    """Add messages to a locked conversation, each later than the last, whatever the clocks of two machines say."""
    latest = conversation.last_message_at if conversation.message_count else conversation.created_at
    moment = max(timezone.now(), latest + TICK)
    for offset, message in enumerate(messages):
        message.conversation = conversation
        message.created_at = moment + offset * TICK
        if message.role == Message.Role.USER:
            conversation.preview = message.content[:PREVIEW_LENGTH]
    conversation.message_count += len(messages)
    conversation.last_message_at = messages[-1].created_at
    # Not the owner: it stays, and saving it would have its old one looked up.
    conversation.save(update_fields=None if conversation._state.adding else TURN_FIELDS)
    Message.objects.bulk_create(messages)


def _follow(conversation: Conversation, answer: Message) -> bool:
    """Add an answer to a conversation that may have gone on meanwhile; says whether it is still there.

    One statement both locks and changes it, unless it was given to another user, or its last message is said to be
    from the future.
    """
    row = Conversation.objects.filter(pk=conversation.pk)
    moment = timezone.now()
    while not _moved(row.filter(user_id=conversation.user_id, last_message_at__lt=moment), moment):
        found = next(iter(row.values_list("user_id", "last_message_at")), None)
        if found is None:
            return False
        conversation.user_id, latest = found
        moment = max(timezone.now(), latest + TICK)
    answer.conversation, answer.created_at = conversation, moment
    Message.objects.bulk_create([answer])
    return True


def _is_stored(conversation: Conversation, answer: Message) -> bool:
    """Tell whether an earlier try was committed though nobody heard of it; one still under way is waited for."""
    list(Conversation.objects.filter(pk=conversation.pk).select_for_update().values_list("pk"))
    return Message.objects.filter(pk=answer.pk).exists()


def _moved(row: ConversationQuerySet, moment: datetime) -> bool:
    """Count one message more, and have it be the last; says whether the row is there."""
    updated_at = Greatest("updated_at", timezone.now())  # for the lock is waited for
    change = {"message_count": F("message_count") + 1, "last_message_at": moment, "updated_at": updated_at}
    return bool(row.update_quietly(**change))  # the message makes its owner's lists forgotten


def _user_message(turn: Turn, target: Target) -> Message:
    return Message(role=turn.role, content=turn.content, provider=target.provider.slug, model=target.model)


def _history(conversation: Conversation, until: datetime | None = None) -> list[Turn]:
    said: Any = history(conversation.pk, until)
    return [Turn(*turn) for turn in said]


def _completion_request(
    conversation: Conversation, request: ChatRequest, target: Target, turns: Sequence[Turn] | None = None
) -> CompletionRequest:
    if turns is None:
        turns = request.turns if request.conversation_id is None else _history(conversation)
    return CompletionRequest(
        model=target.model,
        messages=turns,
        system=conversation.system,
        temperature=request.temperature,
        max_tokens=request.max_tokens,
    )
