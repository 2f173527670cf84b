"""Deletion of rows that may get an answer at the same moment."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from conversations.models import Comparison, Conversation
from models_registry.spending.usage.rolling import forget


def delete_locked(rows: QuerySet[Any], pk: UUID) -> None:
    """Delete the row of `rows` with this primary key, and all rows that refer to it. Raises Http404.

    The lock prevents an answer from arriving between the deletion of the answers and that of the row.
    """
    with transaction.atomic():
        get_object_or_404(rows.select_for_update(), pk=pk).delete()


def lock_all(user_id: int) -> None:
    """Lock a user's conversations and comparisons, so that no answer arrives while the account is deleted."""
    for rows in (Conversation.objects.for_user(user_id), Comparison.objects.for_user(user_id)):
        for _ in rows.select_for_update().order_by("pk").values_list("pk").iterator():
            pass


def keep_usage_of_nobody(user_id: int) -> None:
    """Keep what an account that is being deleted has used, as sums that say nothing of whose they are."""
    forget(user_id)
