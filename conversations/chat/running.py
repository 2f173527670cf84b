"""Conversations say which answer is being written in them, also when its process has died: then that is noticed.

A mark is renewed every few seconds by the process that writes the answer. Whoever sees one that stays the same for
`LEASE` seconds takes the process for dead. So no two clocks are compared, neither of machines nor of one that is set.
"""

import time
from collections.abc import Iterable
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from conversations.chat.turns import TICK
from conversations.completions.idempotency.records import AGAIN
from conversations.completions.reasons import INTERRUPTED
from conversations.history.queries import messages, repeatable_request
from conversations.models import Conversation, Message

LEASE = 20.0  # seconds without a renewal after which an answer is lost
RENEWAL = 5.0  # seconds between renewals, and between looks for lost answers

Mark = tuple[UUID, UUID, str]  # the conversation, its stream, and when it was renewed


def mark(conversation: Conversation) -> UUID:
    """Say on a row that is about to be stored that an answer begins; returns the id of its stream."""
    stream_id = uuid4()
    conversation.running, conversation.running_at = stream_id, timezone.now()
    return stream_id


def mark_stored(conversation: Conversation) -> UUID:
    """Say of a conversation that is locked, and not to be saved, that an answer begins; returns the stream's id."""
    stream_id = mark(conversation)
    rows = Conversation.objects.filter(pk=conversation.pk)
    rows.update(running=stream_id, running_at=conversation.running_at)
    return stream_id


def unmark(conversation_id: UUID, stream_id: UUID) -> None:
    """Say that the answer has ended, within the transaction that stores it."""
    marked = Conversation.objects.filter(pk=conversation_id, running=stream_id)
    marked.update(running=None, running_at=None)


def renew(streams: Iterable[tuple[UUID, UUID]]) -> None:
    """Say that these answers, each of a conversation and a stream, are still being written."""
    pairs = list(streams)
    marked = Conversation.objects.filter(pk__in=[pk for pk, _ in pairs], running__in=[stream for _, stream in pairs])
    marked.update_quietly(running_at=timezone.now())


class LostAnswers:
    """Finds the answers whose process has died; `settle` is called every `RENEWAL` seconds."""

    def __init__(self) -> None:
        self._seen: dict[Mark, float] = {}

    def settle(self) -> int:
        """Give the questions whose answers were lost an answer that says so; returns their number.

        After a failure of the database all answers are observed anew: they could not be renewed meanwhile.
        """
        now, seen = time.monotonic(), self._seen
        self._seen = {}
        rows = Conversation.objects.filter(running__isnull=False).values_list("pk", "running", "running_at")
        marks = [(pk, stream, str(at)) for pk, stream, at in rows if stream is not None]
        lost = [each for each in marks if now - seen.get(each, now) > LEASE]
        settled = sum(_settle(pk, stream) for pk, stream, _ in lost)
        self._seen = {each: seen.get(each, now) for each in marks if each not in lost}
        return settled


def _settle(conversation_id: UUID, stream_id: UUID) -> bool:
    """Answer a question whose answer was lost, unless another process just did; returns whether this one did."""
    with transaction.atomic():
        marked = Conversation.objects.select_for_update().filter(pk=conversation_id, running=stream_id)
        conversation = marked.first()
        if conversation is None:
            return False
        unmark(conversation_id, stream_id)
        newest = messages(conversation_id).order_by("-created_at", "-id")
        question = newest.filter(role=Message.Role.USER).first()
        if question is not None:  # who answered it again, or went on with its answer, does so no more
            repeatable_request(conversation.user_id, AGAIN, str(question.pk)).update(claimed_at=None)
        last = newest.first()
        if last is None or last.role != Message.Role.USER:
            return True
        code, message = INTERRUPTED
        lost = Message(
            conversation=conversation,
            role=Message.Role.ASSISTANT,
            provider=conversation.provider,
            model=conversation.model,
            status=Message.Status.ERROR,
            error=code,
            error_message=message,
            metered=True,  # what the call cost is settled by its reservation
            created_at=max(timezone.now(), last.created_at + TICK),
        )
        Message.objects.insert([lost])
        Conversation.objects.filter(pk=conversation_id).recount()
    return True
