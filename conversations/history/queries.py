"""The queries behind lists and details of conversations, messages and comparisons, declared for `check_query_plans`."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from rest_framework.settings import api_settings

from conversations.comparisons.leaderboard import leaderboard
from conversations.history.serializers import CONVERSATION_FIELDS, MESSAGE_FIELDS
from conversations.models import (
    Comparison,
    ComparisonQuerySet,
    ComparisonResult,
    Conversation,
    ConversationQuerySet,
    Message,
    RepeatableRequest,
)
from conversations.search import queries as search
from conversations.search.tokens import words_of
from perf.plans.declared_queries import DeclaredQuery, as_get

CONVERSATION_ORDERINGS = ("-last_message_at", "-created_at")
MOVING = ("-last_message_at",)  # a message moves its conversation to the top
NEWEST_FIRST = "-created_at"
NEWEST = 50  # messages shown with a conversation
EXACT_FILTERS = ("provider", "model")
BATCH = 100  # messages of an export read at a time
PAGE, DEPTH = 20, 1000  # rows of a page that is checked, and how many of the newest it lies among
SINCE = datetime(2026, 1, 1, tzinfo=UTC)

Rows = QuerySet[Any, dict[str, Any]]

# The leaderboard is an aggregate: all answers that one voted on are read, put together comparison by comparison.
AGGREGATE = "an aggregate over all of one's votes, cached"
ALL_ANSWERS = {ComparisonResult._meta.db_table: f"{AGGREGATE}; many random reads cost more than one of the whole"}


def conversation_list(user_id: int, filters: Mapping[str, Any]) -> ConversationQuerySet:
    """Give a user's conversations, narrowed by provider and model."""
    exact = {name: filters[name] for name in EXACT_FILTERS if name in filters}
    return Conversation.objects.for_user(user_id).filter(**exact)


def conversation_rows(conversations: ConversationQuerySet) -> Rows:
    """Read what a list or detail shows of conversations."""
    rows: Rows = conversations.values(*CONVERSATION_FIELDS)
    return rows


def messages(conversation_id: UUID) -> QuerySet[Message]:
    """Give the messages of a conversation."""
    return Message.objects.filter(conversation_id=conversation_id)


def message_rows(messages: QuerySet[Message]) -> Rows:
    """Read what is shown of messages."""
    rows: Rows = messages.values(*MESSAGE_FIELDS)
    return rows


def newest_messages(conversation_id: UUID) -> Rows:
    """Read the messages shown with a conversation, newest first, and one more that tells whether there are others."""
    return message_rows(messages(conversation_id)).order_by("-created_at", "-id")[: NEWEST + 1]


def message_batches(conversation_id: UUID) -> Iterator[list[dict[str, Any]]]:
    """Read all messages of a conversation, oldest first, so many at a time."""
    rows = message_rows(messages(conversation_id)).order_by("created_at", "id")
    after = Q()
    while batch := list(rows.filter(after)[:BATCH]):
        yield batch
        last = batch[-1]
        later = Q(created_at__gt=last["created_at"]) | Q(id__gt=last["id"])
        after = Q(created_at__gte=last["created_at"]) & later


def history(conversation_id: UUID, until: datetime | None = None) -> QuerySet[Message, tuple[str, str]]:
    """Read role and text of what a model is told again, oldest first, `until` a message when it is given."""
    said = Message.objects.history(conversation_id)
    return (said if until is None else said.filter(created_at__lte=until)).values_list("role", "content")


def question(conversation_id: UUID, asked_at: datetime) -> QuerySet[Message]:
    """Give the user's message of that time, at most one: times of messages differ within a conversation."""
    return messages(conversation_id).filter(created_at=asked_at, role=Message.Role.USER)


def repeatable_request(user_id: int, operation: str, key: str) -> QuerySet[RepeatableRequest]:
    """Give a user's request with this Idempotency-Key, at most one."""
    return RepeatableRequest.objects.filter(user_id=user_id, operation=operation, key=key).order_by()


def comparisons(user_id: int) -> ComparisonQuerySet:
    """Give a user's comparisons with their results."""
    return Comparison.objects.for_user(user_id).with_results()


def declared_queries() -> Iterator[DeclaredQuery]:
    """Declare the queries of this module as they are run for the busiest user."""
    sample = _sample()
    user, pk = sample.user_id, sample.pk
    for names in ((), ("provider",), ("model",), EXACT_FILTERS):
        rows = conversation_rows(conversation_list(user, {name: getattr(sample, name) for name in names}))
        for ordering in CONVERSATION_ORDERINGS:
            yield from _pages(f"conversations{' by ' if names else ''}{' and '.join(names)}", rows, ordering)
    own = Conversation.objects.for_user(user).filter(pk=pk)
    yield DeclaredQuery("conversation", lambda: conversation_rows(own).first())
    yield DeclaredQuery("conversation, its newest messages", lambda: newest_messages(pk))
    yield DeclaredQuery("conversation, whole", lambda: as_get(own))
    yield DeclaredQuery("messages, whether the conversation is one's own", own.exists)
    yield from _pages("messages", message_rows(messages(pk)), NEWEST_FIRST)
    yield DeclaredQuery("export, batches of messages", lambda: list(message_batches(pk)))
    yield DeclaredQuery("chat, the history", lambda: history(pk))
    yield DeclaredQuery("chat, the history of a repeated request", lambda: history(pk, SINCE))
    yield DeclaredQuery("chat, the message of a repeated request", question(pk, SINCE).exists)
    yield DeclaredQuery("chat or compare, the Idempotency-Key", lambda: list(repeatable_request(user, "chat", "-")[:1]))
    yield DeclaredQuery(
        "chat, the answer of a repeated request", lambda: as_get(message_rows(messages(pk)).filter(pk=pk))
    )
    yield from _pages("comparisons", comparisons(user), NEWEST_FIRST)
    latest = Comparison.objects.for_user(user).order_by(NEWEST_FIRST).first()
    yield DeclaredQuery("comparison", lambda: as_get(comparisons(user).filter(pk=latest.pk if latest else pk)))
    yield from _search(sample)
    yield DeclaredQuery("leaderboard", lambda: leaderboard(user_id=user), ALL_ANSWERS, AGGREGATE)
    yield DeclaredQuery("leaderboard, since", lambda: leaderboard(user_id=user, since=SINCE), ALL_ANSWERS, AGGREGATE)


def _pages(name: str, rows: QuerySet[Any, Any], ordering: str) -> Iterator[DeclaredQuery]:
    """Declare the first page, and the pages after and before a row, as the paginator reads them."""
    paginator: Any = api_settings.DEFAULT_PAGINATION_CLASS

    def page(position: Any = None) -> Callable[[], QuerySet[Any]]:
        return lambda: paginator.beyond(rows, ordering=ordering, position=position)[: PAGE + 1]

    yield DeclaredQuery(f"{name}, {ordering}, first page", page())
    some = list(rows.order_by(ordering)[:DEPTH])
    for row in some[len(some) // 2 :][:1]:
        after = paginator.place("next", row, ordering=ordering)
        before = paginator.place("previous", row, ordering=ordering, moving=ordering in MOVING)
        yield DeclaredQuery(f"{name}, {ordering}, next page", page(after))
        yield DeclaredQuery(f"{name}, {ordering}, previous page", page(before))


def _search(sample: Conversation) -> Iterator[DeclaredQuery]:
    """Declare what a search may run: walking the list, asking the text index, reading what is shown."""
    words, user = words_of("the sea"), sample.user_id
    paginator: Any = api_settings.DEFAULT_PAGINATION_CLASS
    rows = conversation_rows(conversation_list(user, {}))
    for ordering in CONVERSATION_ORDERINGS:
        listed = paginator.beyond(rows, ordering=ordering, position=None)
        found = set(listed.values_list("pk", flat=True)[:PAGE]) or {sample.pk}
        yield DeclaredQuery(f"search, walking, {ordering}", partial(_page, search.walk(listed, words)))
        candidates = partial(_page, search.among(listed, found))
        yield DeclaredQuery(f"search, candidates, {ordering}", candidates, may_sort="at most 1,000 candidates")
    yield DeclaredQuery("search, the text index", lambda: search.candidates(user, words))
    yield DeclaredQuery("search, the texts shown", lambda: search.newest_texts([sample.pk], words))


def _page(rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    return rows[: PAGE + 1]


def _sample() -> Conversation:
    """Choose the longest conversation of the user who has most of them; a made-up one where there are none."""
    counted = Conversation.objects.values("user_id").annotate(count=Count("pk"))
    for busiest in counted.order_by("-count")[:1]:
        return Conversation.objects.for_user(busiest["user_id"]).order_by("-message_count")[0]
    return Conversation(user_id=0, provider="-", model="-")
