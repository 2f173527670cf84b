"""Filling a database with demo data: what is there already stays, what is missing is added."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db import connection, transaction

from conversations import caches
from conversations.demo.accounts import ensure_users
from conversations.demo.chats import CREATED_AT, MESSAGE_COLUMNS, DemoConversation
from conversations.demo.comparisons import DemoComparison
from conversations.demo.rows import update, write
from conversations.models import Comparison, ComparisonResult, Conversation, Message

MESSAGES_AT_ONCE = 20_000  # of a transaction
COMPARISONS_AT_ONCE = 2_000
GROWING = ("title", "message_count", "preview", "last_message_at", "updated_at", "id")  # what more messages change
Item = TypeVar("Item")
Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How much there shall be: conversations and comparisons of each user, messages of each conversation.

    With `heavy_user` the first user has so many of all conversations, and the others share the rest evenly.
    """

    users: int
    conversations: int
    messages: int
    comparisons: int
    heavy_user: int | None = None

    def shares(self) -> list[int]:
        """Return how many conversations each user has."""
        if self.heavy_user is None:
            return [self.conversations] * self.users
        others = self.users - 1
        each, more = divmod(self.users * self.conversations - self.heavy_user, others) if others else (0, 0)
        return [self.heavy_user, *(each + (number < more) for number in range(others))]

    @property
    def rows(self) -> int:
        """How many messages and comparisons that makes."""
        return sum(self.shares()) * self.messages + self.users * self.comparisons


@dataclass(slots=True)
class Added:
    """What was missing."""

    users: int = 0
    conversations: int = 0
    messages: int = 0
    comparisons: int = 0

    def __bool__(self) -> bool:
        """Tell whether anything was."""
        return bool(self.users or self.conversations or self.messages or self.comparisons)


def seed(amount: Amount, *, password: str | None = None, progress: Progress = lambda _: None) -> Added:
    """Add what is missing, a batch a transaction, so that an interrupted run is completed by the next one.

    A conversation that somebody has written to is left alone. `progress` is told of messages and comparisons as they
    are settled. Raises UsernameTaken.
    """
    users, made = ensure_users(amount.users, password)
    added = Added(users=made)
    at_once = max(1, MESSAGES_AT_ONCE // max(amount.messages, 10))  # conversations without messages have rows, too
    chats = _in_turns(amount.shares())
    for batch in _batches(chats, at_once):
        _add_conversations(batch, users, amount.messages, added)
        progress(len(batch) * amount.messages)
    contests = _in_turns([amount.comparisons] * amount.users)
    for batch in _batches(contests, COMPARISONS_AT_ONCE):
        _add_comparisons(batch, users, added)
        progress(len(batch))
    if added and connection.vendor == "postgresql":
        analyze()
    return added


def analyze() -> None:
    """Refresh the planner's statistics of what was filled, which autovacuum would do too late."""
    with connection.cursor() as cursor:
        for model in (User, Conversation, Message, Comparison, ComparisonResult):
            cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")


def _add_conversations(batch: Sequence[tuple[int, int]], users: Sequence[int], length: int, added: Added) -> None:
    wanted = [(users[place], DemoConversation(place, number)) for place, number in batch]
    with transaction.atomic():
        found = Conversation.objects.select_for_update().in_bulk([demo.id for _, demo in wanted])
        rows, messages, grown = [], [], []
        for user_id, demo in wanted:
            said = demo.messages(length)
            row = demo.fields(said)
            if (stored := found.get(demo.id)) is None:
                rows.append({**row, "user_id": user_id})
                messages += said
            elif _is_beginning(stored, said):
                messages += said[stored.message_count :]
                grown.append({**row, "user_id": user_id, "title": stored.title or row["title"]})
        _write(Conversation, rows)
        write(Message, MESSAGE_COLUMNS, messages)
        update(Conversation, GROWING, [[row[name] for name in GROWING] for row in grown])
        caches.conversations.invalidate(*{row["user_id"] for row in rows + grown})
    added.conversations += len(rows)
    added.messages += len(messages)


def _is_beginning(stored: Conversation, said: list[tuple[Any, ...]]) -> bool:
    """Tell whether a stored conversation is shorter than what was made, and nobody has written to it."""
    length = stored.message_count
    latest = said[length - 1][CREATED_AT] if 0 < length < len(said) else stored.created_at
    return length < len(said) and stored.last_message_at == latest


def _add_comparisons(batch: Sequence[tuple[int, int]], users: Sequence[int], added: Added) -> None:
    wanted = [(users[place], DemoComparison(place, number)) for place, number in batch]
    with transaction.atomic():
        found = set(Comparison.objects.filter(pk__in=[demo.id for _, demo in wanted]).values_list("pk", flat=True))
        rows, results = [], []
        for user_id, demo in wanted:
            if demo.id not in found:
                comparison, answers = demo.rows()
                rows.append({**comparison, "user_id": user_id})
                results += answers
        _write(Comparison, rows)
        _write(ComparisonResult, results)
        for namespace in (caches.comparisons, caches.leaderboards):
            namespace.invalidate(*{row["user_id"] for row in rows})
    added.comparisons += len(rows)


def _write(model: Any, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        write(model, list(rows[0]), [list(row.values()) for row in rows])


def _in_turns(shares: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield (user, number) so that the rows of different users lie side by side, as they do where people write."""
    return (
        (place, number)
        for number in range(max(shares, default=0))
        for place, share in enumerate(shares)
        if number < share
    )


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
