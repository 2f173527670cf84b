"""Fills a database with demo data: existing rows stay, missing ones are added."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from conversations import caches
from conversations.benchmarks.demo.accounts import ensure_users
from conversations.benchmarks.demo.chats import DemoConversation, MessageRow
from conversations.benchmarks.demo.comparisons import DemoComparison
from conversations.models import Comparison, ComparisonResult, Conversation, Message
from perf.db.bulk_writes import bulk_insert, bulk_update

MESSAGES_AT_ONCE, COMPARISONS_AT_ONCE = 20_000, 2_000  # in one transaction
UPDATED = (
    "title",
    "message_count",
    "preview",
    "last_message_at",
    "updated_at",
    "id",
)  # columns that more messages change
Item = TypeVar("Item")
Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """The size of the demo data: conversations and comparisons of each user, messages of each conversation.

    `heavy_user` is the number of conversations of the first user, out of all; the others share the rest evenly. `today`
    is how many of each user begin in the course of the present day; those that are not over yet are left out.
    """

    users: int
    conversations: int
    messages: int
    comparisons: int
    heavy_user: int | None = None
    today: int = 0

    def shares(self) -> list[int]:
        """Return the number of conversations of each user."""
        if self.heavy_user is None:
            return [self.conversations] * self.users
        others = self.users - 1
        each, more = divmod(self.users * self.conversations - self.heavy_user, others) if others else (0, 0)
        return [self.heavy_user, *(each + (number < more) for number in range(others))]

    @property
    def rows(self) -> int:
        """The number of messages and comparisons in all."""
        return (sum(self.shares()) + self.users * self.today) * self.messages + self.users * self.comparisons


@dataclass(slots=True)
class Added:
    """The numbers of rows that were added."""

    users: int = 0
    conversations: int = 0
    messages: int = 0
    comparisons: int = 0

    def __bool__(self) -> bool:
        return bool(self.users or self.conversations or self.messages or self.comparisons)


def seed(amount: Amount, *, password: str | None = None, progress: Progress = lambda _: None) -> Added:
    """Add the missing rows, in one transaction for each batch, so that the next run completes an interrupted one.

    Conversations that a user has written to stay as they are. `progress` is called with the number of messages or
    comparisons of each finished batch. Raises UsernameTaken.
    """
    users, created = ensure_users(amount.users, password)
    added = Added(users=created)
    size = max(1, MESSAGES_AT_ONCE // max(amount.messages, 10))  # conversations without messages are rows, too
    for batch in _batches(_interleaved(amount.shares()), size):
        _add_conversations([(users[user], DemoConversation(user, n)) for user, n in batch], amount.messages, added)
        progress(len(batch) * amount.messages)
    day = timezone.now().date()
    for batch in _batches(_interleaved([amount.today] * amount.users), size):
        wanted = [(users[user], DemoConversation(user, n, day)) for user, n in batch]
        _add_conversations(wanted, amount.messages, added, before=timezone.now())
        progress(len(batch) * amount.messages)
    for batch in _batches(_interleaved([amount.comparisons] * amount.users), COMPARISONS_AT_ONCE):
        _add_comparisons(batch, users, added)
        progress(len(batch))
    if added and connection.vendor == "postgresql":
        analyze()
    return added


def analyze() -> None:
    """Refresh the planner's statistics of the filled tables; autovacuum would do so too late."""
    with connection.cursor() as cursor:
        for model in (User, Conversation, Message, Comparison, ComparisonResult):
            cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")


def _add_conversations(
    wanted: Sequence[tuple[int, DemoConversation]], length: int, added: Added, before: datetime | None = None
) -> None:
    """Add conversations of these users with so many messages; with `before`, those that are over by then."""
    with transaction.atomic():
        found = Conversation.objects.select_for_update().in_bulk([demo.id for _, demo in wanted])
        rows, messages, grown = [], [], []
        for user_id, demo in wanted:
            demo_messages = demo.messages(length)
            if before is not None and (demo_messages[-1].created_at if demo_messages else demo.created_at) >= before:
                continue
            row = {**demo.fields(demo_messages), "user_id": user_id}
            if (stored := found.get(demo.id)) is None:
                rows.append(row)
                messages += demo_messages
            elif _is_beginning(stored, demo_messages):
                messages += demo_messages[stored.message_count :]
                grown.append({**row, "title": stored.title or row["title"]})
        _insert(Conversation, rows)
        bulk_insert(Message, MessageRow._fields, messages)
        bulk_update(Conversation, UPDATED, [[row[name] for name in UPDATED] for row in grown])
        caches.conversations.invalidate(*{row["user_id"] for row in rows + grown})
    added.conversations += len(rows)
    added.messages += len(messages)


def _is_beginning(stored: Conversation, messages: list[MessageRow]) -> bool:
    """Tell whether a stored conversation has fewer messages than these, and no user has written to it."""
    length = stored.message_count
    latest = messages[length - 1].created_at if 0 < length < len(messages) else stored.created_at
    return length < len(messages) and stored.last_message_at == latest


def _add_comparisons(batch: Sequence[tuple[int, int]], users: Sequence[int], added: Added) -> None:
    wanted = [(users[position], DemoComparison(position, number)) for position, number in batch]
    with transaction.atomic():
        found = set(Comparison.objects.filter(pk__in=[demo.id for _, demo in wanted]).values_list("pk", flat=True))
        rows, results = [], []
        for user_id, demo in wanted:
            if demo.id not in found:
                comparison, answers = demo.rows()
                rows.append({**comparison, "user_id": user_id})
                results += answers
        _insert(Comparison, rows)
        _insert(ComparisonResult, results)
        for namespace in (caches.comparisons, caches.leaderboards):
            namespace.invalidate(*{row["user_id"] for row in rows})
    added.comparisons += len(rows)


def _insert(model: Any, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        bulk_insert(model, list(rows[0]), [list(row.values()) for row in rows])


def _interleaved(shares: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield (user, number) so that rows of different users lie side by side on disk, as in a database in use."""
    numbers = range(max(shares, default=0))
    return ((position, number) for number in numbers for position, share in enumerate(shares) if number < share)


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
