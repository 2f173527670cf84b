"""Finds conversations by the tokens of their titles and messages, in the order of the list and without ranking.

No plan is fast for every token. Scanning the list and testing each conversation soon finds a common token; the text
index finds a rare one. So the head of the list is scanned first. When that does not fill the page, the index returns a
capped number of matches. Below the cap these are all matches; otherwise the token is so common that a scan is fast.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.db import connection
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Substr

from conversations.models import Conversation, Message
from conversations.search.index import MessageContains, TitleContains, index_query
from conversations.search.tokens import INDEXED, Tokens

CANDIDATES = 1000  # matching texts of the index at most; with more the list is scanned
HEAD_CONVERSATIONS = 100  # of the list that are scanned before the index is used, at most with so many messages:
HEAD_MESSAGES = {"postgresql": 1000, "sqlite": 300}  # SQLite tests a text with Python, and its index is the quicker one


class Pager(Protocol):
    """The part of keyset pagination that a search needs: the next rows, and the size of a page."""

    size: int
    column: str

    def ordered(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows beyond the cursor, the nearest first."""

    def until(self, queryset: QuerySet[Any], value: datetime) -> QuerySet[Any]:
        """Return the rows that are not farther from the cursor than one with this value of the column."""


def page(pager: Pager, conversations: QuerySet[Any], *, user_id: int, tokens: Tokens) -> list[Any]:
    """Return the next matching rows of a user's `conversations`, up to one more than a page, with at most 4 queries."""
    if not tokens:
        return []
    matching = scan(pager.ordered(conversations), tokens)
    head = _head(pager, conversations)
    if head is not None:
        rows = list(pager.until(matching, head[-1])[: pager.size + 1]) if head else []
        if len(rows) > pager.size:
            return rows
        if (found := candidates(user_id, tokens)) is not None:
            matching = among(pager.ordered(conversations), found)
    return list(matching[: pager.size + 1])


def scan(conversations: QuerySet[Any], tokens: Tokens) -> QuerySet[Any]:
    """Return the conversations that match; the database tests one after the other."""
    match = Message.objects.filter(MessageContains("pk", tokens=tokens), conversation=OuterRef("pk"))
    # Exists() would make PostgreSQL scan all messages, since it does not know that the page is soon full.
    first = Subquery(match.order_by().values("pk")[:1])
    holds = Q(TitleContains("pk", tokens=tokens)) | Q(match__isnull=False)
    matching: QuerySet[Any] = conversations.alias(match=first).filter(holds)
    return matching


def candidates(user_id: int, tokens: Tokens) -> set[UUID] | None:
    """Return the ids of the user's matching conversations, from the text index; None when there are too many."""
    with connection.cursor() as cursor:
        cursor.execute(*index_query(user_id, tokens, CANDIDATES + 1))
        found = [row[0] if isinstance(row[0], UUID) else UUID(row[0]) for row in cursor.fetchall()]
    return set(found) if len(found) <= CANDIDATES else None


def among(conversations: QuerySet[Any], found: set[UUID]) -> QuerySet[Any]:
    """Return those of the conversations with an id of the index, which PostgreSQL may sort."""
    return conversations.filter(pk__in=found)


def newest_texts(conversation_ids: Sequence[UUID], tokens: Tokens) -> dict[UUID, str]:
    """Return the indexed text of each conversation's newest matching message, by conversation id."""
    match = Message.objects.filter(MessageContains("pk", tokens=tokens), conversation=OuterRef("pk"))
    newest = match.order_by("-created_at", "-id").values(text=Substr("content", 1, INDEXED))[:1]
    rows = Conversation.objects.filter(pk__in=conversation_ids).values_list("pk", Subquery(newest))
    return {pk: text for pk, text in rows if text is not None}


def _head(pager: Pager, conversations: QuerySet[Any]) -> list[datetime] | None:
    """Return the column's values in the head of the list; None when the head is the whole list."""
    rows = pager.ordered(conversations).values_list(pager.column, "message_count")[:HEAD_CONVERSATIONS]
    values: list[datetime] = []
    messages = 0
    for value, count in rows:
        messages += count
        if messages > HEAD_MESSAGES[connection.vendor]:
            return values
        values.append(value)
    return values if len(values) == HEAD_CONVERSATIONS else None
