"""Comparisons say which stream writes them, of this process or another one, without a column of their own.

A comparison has its results once it has ended, so that nothing needs to be renewed or settled for it.
"""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404

from conversations.comparisons.serializers import comparison_row
from conversations.completions.streams import registry, shared
from conversations.history.serializers import running_row
from conversations.models import ComparisonQuerySet


def detailed(own: ComparisonQuerySet, pk: UUID) -> dict[str, Any]:
    """Return a comparison as `ComparisonDetail` documents it. Raises Http404."""
    comparison = get_object_or_404(own.all(), pk=pk)
    stream_id = None
    if not comparison.results.all():
        stream_id = _stream_of(pk)
        if stream_id is None:  # it may have ended between the two looks
            comparison = get_object_or_404(own.all(), pk=pk)
    return {**comparison_row(comparison), "running": running_row("compare", stream_id)}


def _stream_of(pk: UUID) -> UUID | None:
    here = (each.id for each in registry.running() if each.place.get("comparison_id") == pk)
    return next(here, None) or shared.running(pk)
