"""Deleting what may be written to at the same moment."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from conversations.models import Comparison, Conversation


def delete_locked(rows: QuerySet[Any], pk: UUID) -> None:
    """Delete one row of `rows` and all that belongs to it; raises Http404.

    The lock keeps out an answer that arrives between the deletion of the answers and that of the row.
    """
    with transaction.atomic():
        get_object_or_404(rows.select_for_update(), pk=pk).delete()


def lock_all(user_id: int) -> None:
    """Lock what a user owns, before the account is deleted in the same transaction, against answers that arrive."""
    for rows in (Conversation.objects.for_user(user_id), Comparison.objects.for_user(user_id)):
        for _ in rows.select_for_update().order_by("pk").values_list("pk").iterator():
            pass
