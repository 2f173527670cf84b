"""Deleting what may be written to at the same moment."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404


def delete_locked(rows: QuerySet[Any], pk: UUID) -> None:
    """Delete one row of `rows` and all that belongs to it; raises Http404.

    The lock keeps out an answer that arrives between the deletion of the answers and that of the row.
    """
    with transaction.atomic():
        get_object_or_404(rows.select_for_update(), pk=pk).delete()
