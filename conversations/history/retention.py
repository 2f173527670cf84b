"""Deletes conversations and comparisons that are older than the operator wants to keep them.

Users are walked by their keys, a few at a time, so that the indexes of their own lists find what is old.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from conversations.models import Comparison, Conversation
from perf.plans.declared_queries import DeclaredQuery

USERS = 200  # looked at by one query
BATCH = 100  # rows deleted in one transaction, with their messages or results


def prune_conversations() -> int:
    """Delete conversations in which nothing was said for `RETAIN_CONVERSATIONS`; returns their number."""
    if settings.RETAIN_CONVERSATIONS is None:
        return 0
    return _prune(Conversation.objects.all(), "last_message_at", timezone.now() - settings.RETAIN_CONVERSATIONS)


def prune_comparisons() -> int:
    """Delete comparisons that are older than `RETAIN_COMPARISONS`, with their votes; returns their number."""
    if settings.RETAIN_COMPARISONS is None:
        return 0
    return _prune(Comparison.objects.all(), "created_at", timezone.now() - settings.RETAIN_COMPARISONS)


def old(rows: QuerySet[Any], column: str, before: datetime, users: list[int]) -> QuerySet[Any, UUID]:
    """Return the keys of some rows of these users that are older than a moment."""
    found = rows.filter(**{"user_id__in": users, f"{column}__lt": before}).order_by()
    return found.values_list("pk", flat=True)[:BATCH]


def users_after(pk: int) -> QuerySet[User, int]:
    """Return the keys of the next users."""
    return User.objects.filter(pk__gt=pk).order_by("pk").values_list("pk", flat=True)[:USERS]


def _prune(rows: QuerySet[Any], column: str, before: datetime) -> int:
    deleted, last = 0, 0
    while users := list(users_after(last)):
        while keys := list(old(rows, column, before, users)):
            deleted += _delete(rows.filter(**{f"{column}__lt": before}), keys)
        last = users[-1]
    return deleted


def _delete(rows: QuerySet[Any], keys: list[UUID]) -> int:
    """Delete rows that still are old. They are locked first, so that no answer arrives meanwhile."""
    with transaction.atomic():
        locked = list(rows.select_for_update().filter(pk__in=keys).order_by("pk").values_list("pk", flat=True))
        rows.filter(pk__in=locked).delete()
    return len(locked)


def declared_queries() -> Iterator[DeclaredQuery]:
    """Declare how old rows are found; of few users, so that the plan is the one of many."""
    users, before = list(users_after(0))[:5], datetime(2020, 1, 1, tzinfo=timezone.get_default_timezone())
    yield DeclaredQuery("retention, users", lambda: users_after(0))
    conversations, comparisons = Conversation.objects.all(), Comparison.objects.all()
    if users:
        yield DeclaredQuery("retention, conversations", lambda: old(conversations, "last_message_at", before, users))
        yield DeclaredQuery("retention, comparisons", lambda: old(comparisons, "created_at", before, users))
