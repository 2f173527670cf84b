"""The queries behind lists and details of conversations, messages and comparisons."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import CharField, DateTimeField, IntegerField, Q, QuerySet, UUIDField

from conversations.history.serializers import CONVERSATION_FIELDS, MESSAGE_FIELDS
from conversations.models import (
    Comparison,
    ComparisonQuerySet,
    Conversation,
    ConversationQuerySet,
    Message,
    RepeatableRequest,
)
from perf.api.pagination import AnyPosition, KeysetPagination, PositionKind
from perf.db.compiled import CompiledQuery, Parameter

CONVERSATION_ORDERINGS = ("-last_message_at", "-created_at")
MOVING = ("-last_message_at",)  # orderings whose value changes: a message moves its conversation to the top
NEWEST_FIRST = "-created_at"
NEWEST = 50  # messages shown with a conversation
EXACT_FILTERS = ("provider", "model")
BATCH = 100  # messages of an export in one query

Rows = QuerySet[Any, dict[str, Any]]
USER, CONVERSATION = Parameter("user", IntegerField()), Parameter("conversation", UUIDField())


def conversation_list(user_id: int | Parameter, filters: Mapping[str, Any]) -> ConversationQuerySet:
    """Return a user's conversations, filtered by provider and model."""
    exact = {name: filters[name] for name in EXACT_FILTERS if name in filters}
    return Conversation.objects.filter(user_id=user_id, **exact)


def conversation_rows(conversations: ConversationQuerySet) -> Rows:
    """Return the columns that lists and details show of conversations."""
    rows: Rows = conversations.values(*CONVERSATION_FIELDS)
    return rows


def kept_under(user_id: int, digests: Sequence[str]) -> list[dict[str, Any]]:
    """Return id and digest of a user's conversations whose turns have one of these digests."""
    return _compiled_by_digest(len(digests)).rows(
        user=user_id, **{f"digest{number}": digest for number, digest in enumerate(digests)}
    )


@lru_cache
def _compiled_by_digest(count: int) -> CompiledQuery:
    digests = [Parameter(f"digest{number}", CharField()) for number in range(count)]
    return CompiledQuery(conversation_list(USER, {}).filter(digest__in=digests).values("id", "digest"))


def kept_answer(user_id: int, pk: UUID) -> dict[str, Any] | None:
    """Return where a user's whole answer stands, and the system prompt there; None if there is no such answer."""
    return next(iter(_compiled_answer().rows(user=user_id, message=pk)), None)


@lru_cache
def _compiled_answer() -> CompiledQuery:
    answers = {"role": Message.Role.ASSISTANT, "status": Message.Status.COMPLETE}
    own = Message.objects.filter(conversation__user_id=USER, pk=Parameter("message", UUIDField()), **answers)
    return CompiledQuery(own.values("conversation_id", "created_at", "conversation__system"))


def turns_until(conversation_id: UUID, at: datetime) -> list[dict[str, Any]]:
    """Return the turns of a conversation up to the whole answer of this time, oldest first, without broken answers."""
    return _compiled_turns().rows(conversation=conversation_id, at=at)


@lru_cache
def _compiled_turns() -> CompiledQuery:
    until = {"status": Message.Status.COMPLETE, "created_at__lte": Parameter("at", DateTimeField())}
    rows = messages(CONVERSATION).filter(**until).order_by("created_at", "id")
    return CompiledQuery(rows.values("role", "content", "parts"))


def conversation_page(user_id: int, filters: Mapping[str, Any], pager: KeysetPagination) -> list[dict[str, Any]]:
    """Return the rows of a page of a user's conversations, and one more if there are others."""
    names = tuple(name for name in EXACT_FILTERS if name in filters)
    position = pager.position
    query = _compiled_page(names, pager.order, position.kind if position else None, pager.size + 1)
    return query.rows(user=user_id, **filters, **(position.values if position else {}))


@lru_cache(maxsize=256)
def _compiled_page(names: tuple[str, ...], ordering: str, kind: PositionKind | None, size: int) -> CompiledQuery:
    rows = conversation_rows(conversation_list(USER, {name: Parameter(name, CharField()) for name in names}))
    position = AnyPosition(kind) if kind else None
    return CompiledQuery(KeysetPagination.beyond(rows, ordering=ordering, position=position)[:size])


def conversation_detail(user_id: int, pk: UUID) -> dict[str, Any] | None:
    """Return the columns of a user's conversation and its `running` stream; None if it is not the user's."""
    return next(iter(_compiled_detail().rows(user=user_id, conversation=pk)), None)


@lru_cache
def _compiled_detail() -> CompiledQuery:
    own: Rows = conversation_list(USER, {}).filter(pk=CONVERSATION).values(*CONVERSATION_FIELDS, "running")
    return CompiledQuery(own)


def messages(conversation_id: UUID | Parameter) -> QuerySet[Message]:
    """Return the messages of a conversation."""
    return Message.objects.filter(conversation_id=conversation_id)


def messages_before(conversation_id: UUID, at: datetime, pk: UUID) -> QuerySet[Message]:
    """Give the messages of a conversation that came before the one with this id and time."""
    earlier = Q(created_at__lt=at) | Q(id__lt=pk)
    return messages(conversation_id).filter(earlier, created_at__lte=at)


def messages_after(conversation_id: UUID, at: datetime) -> QuerySet[Message]:
    """Return the messages of a conversation that came after this time, oldest first."""
    return messages(conversation_id).filter(created_at__gt=at).order_by("created_at", "id")


def own_message(user_id: int, pk: UUID) -> QuerySet[Message]:
    """Return a user's message, at most one."""
    return Message.objects.filter(pk=pk, conversation__user_id=user_id)


def message_rows(messages: QuerySet[Message]) -> Rows:
    """Return the columns that lists and details show of messages."""
    rows: Rows = messages.values(*MESSAGE_FIELDS)
    return rows


def newest_messages(conversation_id: UUID) -> list[dict[str, Any]]:
    """Return the messages shown with a conversation, newest first, and one more that tells whether there are others."""
    return _compiled_newest().rows(conversation=conversation_id)


@lru_cache
def _compiled_newest() -> CompiledQuery:
    rows = message_rows(messages(CONVERSATION))
    return CompiledQuery(rows.order_by("-created_at", "-id")[: NEWEST + 1])


def message_batches(conversation_id: UUID) -> Iterator[list[dict[str, Any]]]:
    """Yield all messages of a conversation in batches, oldest first."""
    rows = message_rows(messages(conversation_id)).order_by("created_at", "id")
    after = Q()
    while batch := list(rows.filter(after)[:BATCH]):
        yield batch
        last = batch[-1]
        later = Q(created_at__gt=last["created_at"]) | Q(id__gt=last["id"])
        after = Q(created_at__gte=last["created_at"]) & later


def history(conversation_id: UUID, until: datetime | None = None) -> QuerySet[Message, tuple[str, str, datetime, Any]]:
    """Return role, text, time and parts of the messages with text or parts, oldest first, up to the time `until`.

    Among them are questions whose call failed, which are not sent again.
    """
    messages = Message.objects.history(conversation_id)
    rows = messages if until is None else messages.filter(created_at__lte=until)
    return rows.values_list("role", "content", "created_at", "parts")


def question(conversation_id: UUID, asked_at: datetime) -> QuerySet[Message]:
    """Return the user's message of this time, at most one: the times of a conversation's messages differ."""
    return messages(conversation_id).filter(created_at=asked_at, role=Message.Role.USER)


def repeatable_request(user_id: int, operation: str, key: str) -> QuerySet[RepeatableRequest]:
    """Return the idempotency record of a user's key, at most one."""
    return RepeatableRequest.objects.filter(user_id=user_id, operation=operation, key=key).order_by()


def comparisons(user_id: int) -> ComparisonQuerySet:
    """Return a user's comparisons with their results."""
    return Comparison.objects.for_user(user_id).with_results()
