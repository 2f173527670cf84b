"""Finding conversations by the words of their titles and messages, in the order of the list.

Nothing is ranked, and no plan is quick for every word: a common one is found at once by walking the list and looking
into each conversation, a rare one by the text index. So the beginning of the list is walked; when that does not fill
the page, the index is asked for a capped number of matches: they are all there are, or the word is common enough to
walk on.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.db import connection
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Substr

from conversations.models import Conversation, Message
from conversations.search.index import MessageHolds, TitleHolds, lookup
from conversations.search.tokens import INDEXED, Words

CANDIDATES = 1000  # matching texts that are sorted; more are walked
HEAD_CONVERSATIONS, HEAD_MESSAGES = 100, 1000  # what of the list is walked before the index is asked


class Pager(Protocol):
    """What of keyset pagination a search needs to know: which rows come next, and how many are wanted."""

    size: int
    column: str

    def ordered(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Narrow to the rows beyond the cursor, the nearest first."""

    def until(self, queryset: QuerySet[Any], value: datetime) -> QuerySet[Any]:
        """Narrow to rows not farther from the cursor than one with this value of the column."""


def page(pager: Pager, conversations: QuerySet[Any], *, user_id: int, words: Words) -> list[Any]:
    """Return the next rows of a user's `conversations` that hold all words, one more than a page: at most 4 queries."""
    if not words:
        return []
    walked = walk(pager.ordered(conversations), words)
    head = _head(pager, conversations)
    rows: list[Any] = []
    if head is None:
        return list(walked[: pager.size + 1])
    if head:
        rows = list(pager.until(walked, head[-1])[: pager.size + 1])
    if len(rows) > pager.size:
        return rows
    found = candidates(user_id, words)
    if found is not None:
        walked = among(pager.ordered(conversations), found)
    return list(walked[: pager.size + 1])


def walk(conversations: QuerySet[Any], words: Words) -> QuerySet[Any]:
    """Narrow to conversations that hold the words, looking into one after the other."""
    holding = Message.objects.filter(MessageHolds("pk", words=words), conversation=OuterRef("pk"))
    # Not Exists(): PostgreSQL would rather scan all messages once, not knowing that the page is soon full.
    first = Subquery(holding.order_by().values("pk")[:1])
    holds = Q(TitleHolds("pk", words=words)) | Q(holding__isnull=False)
    narrowed: QuerySet[Any] = conversations.alias(holding=first).filter(holds)
    return narrowed


def candidates(user_id: int, words: Words) -> set[UUID] | None:
    """Return the user's conversations that hold the words, from the text index; None when there are too many."""
    with connection.cursor() as cursor:
        cursor.execute(*lookup(user_id, words, CANDIDATES + 1))
        found = [row[0] if isinstance(row[0], UUID) else UUID(row[0]) for row in cursor.fetchall()]
    return set(found) if len(found) <= CANDIDATES else None


def among(conversations: QuerySet[Any], found: set[UUID]) -> QuerySet[Any]:
    """Narrow to the candidates, which PostgreSQL may sort."""
    return conversations.filter(pk__in=found)


def newest_texts(conversation_ids: Sequence[UUID], words: Words) -> dict[UUID, str]:
    """Return the indexed text of each conversation's newest message that holds the words; none where only titles do."""
    holding = Message.objects.filter(MessageHolds("pk", words=words), conversation=OuterRef("pk"))
    newest = holding.order_by("-created_at", "-id").values(text=Substr("content", 1, INDEXED))[:1]
    rows = Conversation.objects.filter(pk__in=conversation_ids).values_list("pk", Subquery(newest))
    return {pk: text for pk, text in rows if text is not None}


def _head(pager: Pager, conversations: QuerySet[Any]) -> list[datetime] | None:
    """Return the column's values where the list goes on from, as far as looking into them is cheap; None: all of it."""
    rows = pager.ordered(conversations).values_list(pager.column, "message_count")[:HEAD_CONVERSATIONS]
    values: list[datetime] = []
    messages = 0
    for value, count in rows:
        messages += count
        if messages > HEAD_MESSAGES:
            return values
        values.append(value)
    return values if len(values) == HEAD_CONVERSATIONS else None
