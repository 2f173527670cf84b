"""Reads all conversations and comparisons of a user in batches, so that memory does not grow with their number.

Answers are read before the rows that they belong to. So what is deleted in between is left out whole, without a
transaction, which would hold back others.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet

from conversations.history.archive.rows import CONVERSATION, FILE, MESSAGE, PROMPT_SET, REPLAY
from conversations.models import (
    Comparison,
    ComparisonQuerySet,
    ComparisonResult,
    Conversation,
    Message,
    PromptSet,
    Replay,
    StoredFile,
)
from perf.db.connections import release

PLACES = 1000  # read in one query
CONVERSATIONS = 50  # read in one query, with a system prompt each
MESSAGES = 200  # read in one query
COMPARISONS = 50  # read in one query, with up to four answers each

Row = dict[str, Any]
Rows = QuerySet[Any, Row]


class Place(NamedTuple):
    """Where a row stands in the order of times, and how many messages it has, if it is a conversation."""

    created_at: datetime
    id: UUID
    messages: int = 0


class Piece(NamedTuple):
    """Messages of a conversation, which is None in all pieces of it but the first."""

    conversation: Row | None
    messages: list[Row]


def pieces(user_id: int) -> Iterator[Piece]:
    """Yield all conversations of a user, the oldest first; no connection is held while the caller works.

    A conversation of up to `MESSAGES` messages is one piece, as they were at one moment. Of a longer one more follow.
    """
    after: Place | None = None
    while places := [Place(*row) for row in conversation_places(user_id, after)]:
        release()
        for group in _groups(places):
            if group[0].messages > MESSAGES:
                yield from _long(user_id, group[0].id)
            else:
                yield from _short(user_id, [place.id for place in group])
        after = places[-1]
    release()


def comparisons(user_id: int) -> Iterator[list[tuple[Comparison, list[ComparisonResult]]]]:
    """Yield all comparisons of a user in batches, the oldest first, each with its results."""
    after: Place | None = None
    while places := [Place(*row) for row in comparison_places(user_id, after)]:
        for start in range(0, len(places), COMPARISONS):
            ids = [place.id for place in places[start : start + COMPARISONS]]
            results = defaultdict(list)
            for result in results_of(ids):
                results[result.comparison_id].append(result)
            batch = [(row, results[row.pk]) for row in comparisons_among(user_id, ids)]
            release()
            yield batch
        after = places[-1]
    release()


def files(user_id: int) -> Iterator[Row]:
    """Yield all files of a user, the oldest first."""
    after: Place | None = None
    while batch := list(files_after(user_id, after)):
        release()
        yield from batch
        after = Place(batch[-1]["created_at"], batch[-1]["id"])
    release()


def files_after(user_id: int, after: Place | None) -> Rows:
    """Return the next files."""
    rows: Rows = _beyond(StoredFile.objects.filter(user_id=user_id), after).values(*FILE)[:PLACES]
    return rows


def conversation_places(user_id: int, after: Place | None) -> QuerySet[Conversation, tuple[datetime, UUID, int]]:
    """Return the places of the next conversations."""
    rows = _beyond(Conversation.objects.for_user(user_id), after)
    return rows.values_list("created_at", "id", "message_count")[:PLACES]  # type: ignore[no-any-return]


def conversations_among(user_id: int, ids: list[UUID]) -> Rows:
    """Return those of a user's conversations that still are there, in no order."""
    rows: Rows = (
        Conversation.objects.for_user(user_id).filter(pk__in=ids).order_by().values(*CONVERSATION, "message_count")
    )
    return rows


def messages_of(ids: list[UUID]) -> Rows:
    """Return all messages of these conversations, in no order."""
    rows: Rows = Message.objects.filter(conversation_id__in=ids).order_by().values(*MESSAGE)
    return rows


def messages_after(conversation_id: UUID, after: Place | None) -> Rows:
    """Return the next messages of a conversation."""
    rows: Rows = _beyond(Message.objects.filter(conversation_id=conversation_id), after).values(*MESSAGE)[:MESSAGES]
    return rows


def comparison_places(user_id: int, after: Place | None) -> QuerySet[Comparison, tuple[datetime, UUID]]:
    """Return the places of the next comparisons."""
    rows = _beyond(Comparison.objects.for_user(user_id), after)
    return rows.values_list("created_at", "id")[:PLACES]  # type: ignore[no-any-return]


def results_of(ids: list[UUID]) -> QuerySet[ComparisonResult]:
    """Return the results of these comparisons, by comparison and index."""
    return ComparisonResult.objects.filter(comparison_id__in=ids).order_by("comparison_id", "index")


def comparisons_among(user_id: int, ids: list[UUID]) -> list[Comparison]:
    """Return those of a user's comparisons that still are there, the oldest first."""
    rows: ComparisonQuerySet = Comparison.objects.for_user(user_id).filter(pk__in=ids).order_by()
    return sorted(rows, key=lambda row: (row.created_at, row.pk))


def _beyond(rows: Any, after: Place | None) -> Any:
    """Order rows by time, and leave out those up to a place."""
    ordered = rows.order_by("created_at", "id")
    if after is None:
        return ordered
    # The first condition bounds the index scan; the second drops ties that were read already.
    later = Q(created_at__gt=after.created_at) | Q(id__gt=after.id)
    return ordered.filter(Q(created_at__gte=after.created_at), later)


def _groups(places: list[Place]) -> Iterator[list[Place]]:
    """Divide conversations into runs of a few messages altogether; a long one stands alone."""
    group: list[Place] = []
    count = 0
    for place in places:
        if group and (len(group) == CONVERSATIONS or count + place.messages > MESSAGES):
            yield group
            group, count = [], 0
        group.append(place)
        count += place.messages
    yield group


def _short(user_id: int, ids: list[UUID]) -> Iterator[Piece]:
    messages = defaultdict(list)
    for row in messages_of(ids):
        messages[row["conversation_id"]].append(row)
    kept = {row["id"]: row for row in conversations_among(user_id, ids)}
    release()
    for pk in ids:
        if pk in kept:
            yield Piece(kept[pk], sorted(messages[pk], key=lambda row: (row["created_at"], row["id"])))


def _long(user_id: int, pk: UUID) -> Iterator[Piece]:
    batch = list(messages_after(pk, None))
    conversation = next(iter(conversations_among(user_id, [pk])), None)
    if conversation is None:
        return
    release()
    yield Piece(conversation, batch)
    while len(batch) == MESSAGES:
        batch = list(messages_after(pk, Place(batch[-1]["created_at"], batch[-1]["id"])))
        release()
        yield Piece(None, batch)


def prompt_sets(user_id: int) -> Iterator[Row]:
    """Yield the values of `PROMPT_SET` of all sets of a user, one at a time; no connection is held meanwhile."""
    yield from _one_by_one(PromptSet.objects.filter(user_id=user_id).order_by("created_at", "id").values(*PROMPT_SET))


def replays(user_id: int) -> Iterator[Row]:
    """Yield the values of `REPLAY` of all replays of a user, one at a time; no connection is held meanwhile."""
    yield from _one_by_one(Replay.objects.filter(user_id=user_id).order_by("created_at", "id").values(*REPLAY))


def _one_by_one(rows: Rows) -> Iterator[Row]:
    """Read the ids of rows, which are few, and then each; one that was deleted meanwhile is left out."""
    for pk in list(rows.values_list("pk", flat=True)):
        row = rows.filter(pk=pk).first()
        release()
        if row is not None:
            yield row
    release()
