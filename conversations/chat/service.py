"""Chatting: finds whom to ask, and keeps the user's message before anybody is asked."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from rest_framework.exceptions import NotFound, ValidationError

from conversations.chat.context import Mode, fit
from conversations.chat.counting import add_answer
from conversations.chat.exchange import Exchange
from conversations.chat.running import mark, mark_stored
from conversations.chat.target import Target, target_of
from conversations.chat.turns import TICK, alternating, going_on, joined
from conversations.completions.concurrency import storage_limit
from conversations.completions.idempotency.records import AnswerDeleted, Attempt
from conversations.files.parts import with_contents, with_text
from conversations.files.uses import use_in_messages
from conversations.history.queries import history, question
from conversations.history.serializers import AUTO
from conversations.models import PREVIEW_LENGTH, Conversation, Message, RepeatableRequest
from conversations.selection.service import choose
from models_registry.calls.completion import Call, ResolvedModel, resolve
from models_registry.catalogue.lookup import known_model
from models_registry.models import Provider
from models_registry.providers.base import Prompt, Turn
from perf.api.access import Access
from perf.db.inserting import together

TITLE_FROM_MESSAGE = 80  # characters
TURN_FIELDS = (
    *("provider", "model", "title", "system", "digest"),
    *("message_count", "preview", "last_message_at", "updated_at", "running", "running_at"),
)


def begin(
    *,
    access: Access,
    prompt: Prompt,
    provider: Provider | None = None,
    model: str | None = None,
    conversation_id: UUID | None = None,
    context: Mode = "full",
    attempt: Attempt | None = None,
) -> Exchange:
    """Store the user's message and prepare the call, holding no connection afterwards.

    Without `conversation_id` a conversation begins, of all messages of the prompt. With it, the prompt is the one new
    message, and a provider, model or system prompt that is None stays what it was. `context` says whether the oldest
    messages may be left out of the call.

    Raises NotFound for a conversation that is not the user's, what `call_of` and `resolve` raise, ValidationError for a
    file that is gone, and InProgress or AnswerDeleted of an `attempt`: then nothing is stored. When an earlier attempt
    stored the message it is answered where it stands.
    """
    with storage_limit.acquire():
        target = target_for(access, provider, model, conversation_id, prompt)
        with transaction.atomic():
            if attempt is not None and attempt.record is not None:
                return _resume(attempt, attempt.record, target, prompt, context)
            conversation = _conversation(access.user_id, conversation_id, target.model, prompt)
            asked = [_user_message(turn, target.model) for turn in prompt.messages]
            stream_id = mark(conversation)
            append(conversation, asked)
            use_in_messages(access.user_id, asked)
            if attempt is not None:
                attempt.claim(conversation=conversation, asked_at=conversation.last_message_at)
            messages = joined(prompt.messages) if conversation_id is None else _history(conversation)
            call, dropped = target.call(lambda each: call_of(each, conversation, prompt, messages, context))
        how = _adding(target, asked[-1].created_at, stream_id)
        return Exchange(conversation, asked[-1].pk, call, attempt, dropped=dropped, target=target, **how)


def _resume(attempt: Attempt, earlier: RepeatableRequest, target: Target, prompt: Prompt, context: Mode) -> Exchange:
    """Answer what an earlier attempt stored before it failed or died, with the history as it was then.

    Raises AnswerDeleted when the message is gone.
    """
    attempt.claim()  # first: from here on the conversation cannot be deleted before this is stored
    conversation, asked_at = earlier.conversation, earlier.asked_at
    assert conversation is not None  # noqa: S101 - else it could not be taken
    assert asked_at is not None  # noqa: S101 - a chat has its time
    question_id = next(iter(question(conversation.pk, asked_at).values_list("pk", flat=True)), None)
    if question_id is None:
        raise AnswerDeleted
    messages = _history(conversation, asked_at)
    call, dropped = target.call(lambda each: call_of(each, conversation, prompt, messages, context))
    how = _adding(target, asked_at, mark_stored(conversation))
    return Exchange(conversation, question_id, call, attempt, dropped=dropped, target=target, **how)


def _adding(target: Target, asked_at: datetime, stream_id: UUID) -> dict[str, Any]:
    """Return the stream of an exchange, and what adds its answer to the conversation.

    The model becomes the conversation's if it was not the user's choice.
    """

    def add(row: Conversation, answer: Message) -> bool:
        chosen = {} if target.choice is None else {"provider": answer.provider, "model": answer.model}
        return add_answer(row, answer, asked_at=asked_at, ended=stream_id, **chosen)

    return {"stream_id": stream_id, "add": add}


def target_for(
    access: Access, provider: Provider | None, model: str | None, conversation_id: UUID | None, prompt: Prompt
) -> Target:
    """Find the model to call, or choose some for `auto` without a provider; what is None is the conversation's.

    Raises NoCandidate, and what `resolve_for` raises.
    """
    if provider is None and model == AUTO:
        return target_of(access, choose(access=access, prompt=prompt))
    return Target([resolve_for(access, provider, model, conversation_id)])


def resolve_for(
    access: Access, provider: Provider | None, model: str | None, conversation_id: UUID | None
) -> ResolvedModel:
    """Find the model to call; what is None is the conversation's.

    Raises NotFound, ValidationError for another provider that does not know the conversation's model, and what
    `resolve` raises.
    """
    if conversation_id is not None and (provider is None or model is None):
        current = Conversation.objects.for_user(access.user_id).filter(pk=conversation_id).first()
        if current is None:
            raise NotFound
        if provider is not None and provider.slug != current.provider and known_model(provider, current.model) is None:
            raise ValidationError({"model": f"Name a model of {provider.slug}: it does not know {current.model}."})
        provider = provider or Provider.objects.usable().filter(slug=current.provider).first()
        model = model or current.model
    if provider is None or model is None:
        raise NotFound("The provider of this conversation is gone; name another one.")
    return resolve(access=access, provider=provider, model=model)


def _conversation(user_id: int, conversation_id: UUID | None, resolved: ResolvedModel, prompt: Prompt) -> Conversation:
    """Lock the conversation to continue, or begin one; the model that is called becomes its own."""
    if conversation_id is None:
        conversation = Conversation(user_id=user_id)
    else:
        own = Conversation.objects.for_user(user_id).select_for_update()
        found = own.filter(pk=conversation_id).first()
        if found is None:
            raise NotFound
        conversation = found
    prepare(conversation, resolved, prompt)
    return conversation


def prepare(conversation: Conversation, resolved: ResolvedModel, prompt: Prompt) -> None:
    """Make the model that is called a conversation's own, and give it the system prompt and a title if it has none."""
    conversation.provider, conversation.model = resolved.provider.slug, resolved.id
    if prompt.system is not None:
        conversation.system = prompt.system
    if not conversation.title:
        conversation.title = " ".join(prompt.messages[0].content.split())[:TITLE_FROM_MESSAGE].rstrip()


def append(conversation: Conversation, messages: Sequence[Message]) -> None:
    """Add messages to a locked conversation, each later than the last, whatever the clocks of two machines say.

    None may be added, so that only what was prepared is saved. The digest is gone until an answer sets it.
    """
    latest = conversation.last_message_at if conversation.message_count else conversation.created_at
    moment = max(timezone.now(), latest + TICK)
    for offset, message in enumerate(messages):
        message.conversation = conversation
        message.created_at = moment + offset * TICK
        if message.role == Message.Role.USER:
            conversation.preview = message.content[:PREVIEW_LENGTH]
    conversation.message_count += len(messages)
    if messages:
        conversation.last_message_at = messages[-1].created_at
    conversation.digest = None
    with together():
        if conversation._state.adding:
            Conversation.objects.insert([conversation])
        else:
            conversation.save(update_fields=TURN_FIELDS)  # not the owner: saving it would have its old one looked up
        Message.objects.insert(messages)


def _user_message(turn: Turn, resolved: ResolvedModel) -> Message:
    parts = with_text(turn.content, turn.parts)
    names = {"provider": resolved.provider.slug, "model": resolved.id}
    return Message(role=turn.role, content=turn.content, parts=parts, **names)


def _history(conversation: Conversation, until: datetime | None = None) -> list[Turn]:
    return alternating(history(conversation.pk, until))


def call_of(
    resolved: ResolvedModel,
    conversation: Conversation,
    prompt: Prompt,
    messages: Sequence[Turn],
    context: Mode,
    *,
    begun: str = "",
) -> tuple[Call, int]:
    """Return the call that answers the last of `messages`, and the number of messages left out of it.

    The answer goes on with what of it has `begun`, and then may add nothing to it. Raises ContextLengthExceeded,
    FileGone, and what `Call` raises.
    """
    sent = with_contents(messages, conversation.user_id)
    added = going_on(begun, prefills=resolved.client.prefills(resolved.id, prompt))
    whole = replace(prompt, messages=[*sent, *added], system=conversation.system)
    fitting, dropped = fit(resolved, whole, context, last=1 + len(added))
    return Call(resolved, replace(whole, messages=fitting), may_be_empty=bool(added)), dropped
