"""Where a request to the gateway is kept: in the conversation that it continues, or in a new one."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from rest_framework.exceptions import NotFound

from conversations.chat.counting import add_answer
from conversations.chat.exchange import Exchange
from conversations.chat.service import append, prepare
from conversations.completions.idempotency.records import AnswerDeleted, Attempt
from conversations.completions.parts import kept_parts
from conversations.files.parts import kept_turns
from conversations.files.uses import use_in_messages
from conversations.gateway.digests import digests
from conversations.history.queries import kept_under, question
from conversations.models import Conversation, Message, RepeatableRequest
from models_registry.calls.completion import Call, ResolvedModel
from models_registry.providers.base import Prompt, Turn
from models_registry.providers.reading.text import clean


class Place(NamedTuple):
    """A conversation that a client names; None is the one that its history continues.

    With `after`, the time of an answer, it is continued only while that is its last message; else a new one branches
    off.
    """

    conversation_id: UUID | None = None
    after: datetime | None = None


def keep(call: Call, prompt: Prompt, place: Place, *, answer_id: UUID, attempt: Attempt | None = None) -> Exchange:
    """Store the turns that are not yet kept; what the call answers is kept after them.

    Raises NotFound for a conversation that is not the user's, and InProgress or AnswerDeleted of an `attempt`.
    """
    model, chain = call.model, digests(prompt.messages)
    user_id = model.access.user_id
    turns = kept_turns(prompt.messages, user_id)
    with transaction.atomic():
        if attempt is not None and attempt.record is not None:
            conversation, kept = _asked_before(attempt, attempt.record, turns, chain[-1])
        else:
            conversation, kept = _found(user_id, place, turns, chain)
        prepare(conversation, model, _storable(prompt))
        new = [_message(turn, model) for turn in turns[kept:]]
        append(conversation, new)
        use_in_messages(user_id, new)
        if attempt is not None and attempt.record is None:
            attempt.claim(conversation=conversation, asked_at=conversation.last_message_at)

    def add(row: Conversation, answer: Message) -> bool:
        digest = chain[-1]  # of an answer that failed, so that the same request asks the same question again
        if answer.status == Message.Status.COMPLETE:
            digest = digests([Turn("assistant", answer.content, answer.parts)], digest)[0]
        return add_answer(row, answer, digest=digest, provider=answer.provider, model=answer.model)

    question_id = new[-1].pk if new else None
    return Exchange(conversation, question_id, call, attempt, add=add, answer_id=answer_id)


def _found(user_id: int, place: Place, turns: Sequence[Turn], chain: Sequence[str]) -> tuple[Conversation, int]:
    """Lock the conversation to continue, or begin one, and tell how many of the turns it has already.

    Raises NotFound for one that is not the user's.
    """
    answered = max((number for number, turn in enumerate(turns, 1) if turn.role == "assistant"), default=0)
    known = {chain[-1]: len(turns)} | ({chain[answered - 1]: answered} if answered else {})
    own = Conversation.objects.for_user(user_id).select_for_update()
    if place.conversation_id is not None:
        named = own.filter(pk=place.conversation_id).first()
        if named is None:
            raise NotFound("There is no conversation of this id.")
        if place.after is None or place.after == named.last_message_at:
            return named, known.get(named.digest or "", answered if named.message_count else 0)
        return Conversation(user_id=user_id), 0
    rows = kept_under(user_id, list(known))
    for row in sorted(rows, key=lambda row: (known[row["digest"]], row["id"]), reverse=True):
        found = own.filter(pk=row["id"], digest=row["digest"]).first()  # unless another request has just continued it
        if found is not None:
            return found, known[row["digest"]]
    return Conversation(user_id=user_id), 0


def _asked_before(
    attempt: Attempt, earlier: RepeatableRequest, turns: Sequence[Turn], digest: str
) -> tuple[Conversation, int]:
    """Lock the conversation in which an earlier attempt stored the question. Raises InProgress and AnswerDeleted."""
    attempt.claim()  # first: from here on the conversation cannot be deleted before this is stored
    own = Conversation.objects.for_user(earlier.user_id).select_for_update()
    if earlier.conversation_id is None or earlier.asked_at is None:
        raise AnswerDeleted
    conversation = own.filter(pk=earlier.conversation_id).first()
    if conversation is None:
        raise AnswerDeleted
    if conversation.digest != digest and not question(conversation.pk, earlier.asked_at).exists():
        raise AnswerDeleted
    return conversation, len(turns)


def _storable(prompt: Prompt) -> Prompt:
    """Return what of a prompt becomes a conversation's own, as text that can be stored."""
    first, *_ = prompt.messages
    system = None if prompt.system is None else clean(prompt.system)[0]
    return Prompt(messages=[Turn(first.role, clean(first.content)[0])], system=system)


def _message(turn: Turn, model: ResolvedModel) -> Message:
    return Message(
        role=turn.role,
        content=clean(turn.content)[0],
        parts=kept_parts(turn.parts),
        provider=model.provider.slug,
        model=model.id,
    )
