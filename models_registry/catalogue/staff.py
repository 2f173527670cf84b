"""What staff decide about models: which of them are active, and which rows follow the catalogue again."""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from models_registry.catalogue import history
from models_registry.catalogue.reconcile import entries_of
from models_registry.catalogue.sync import sync
from models_registry.models import LLMModel, LLMModelQuerySet


def set_enabled(models: LLMModelQuerySet, *, enabled: bool) -> list[LLMModel]:
    """Let models be called, or no longer; returns those that changed. What else is known of them stays as it is."""
    with transaction.atomic():
        rows = list(models.filter(enabled=not enabled).select_related("provider").select_for_update(of=("self",)))
        recorded = []
        for row in rows:
            before = history.snapshot(row)
            row.enabled = enabled
            recorded += history.changes(row, before, now=timezone.now(), source=lambda _: LLMModel.Source.STAFF)
        LLMModel.objects.filter(pk__in=[row.pk for row in rows]).update(enabled=enabled)
        history.store(recorded)
    return rows


def give_back(models: Iterable[LLMModel]) -> tuple[list[LLMModel], list[LLMModel]]:
    """Have rows that staff changed follow the catalogue or the provider's own list again, and update them.

    The provider is asked where there is a key. Returns those that follow again, and those that only staff know. Must
    not be called in a transaction.
    """
    followed: list[LLMModel] = []
    unknown: list[LLMModel] = []
    for row in models:
        if row.source != LLMModel.Source.STAFF:
            continue
        by_catalogue = row.model_id in entries_of(row.provider)
        if not by_catalogue and row.checked_at is None:  # no list of the provider has ever had it
            unknown.append(row)
            continue
        row.source = LLMModel.Source.CATALOGUE if by_catalogue else LLMModel.Source.PROVIDER
        row.save(update_fields=["source"])
        followed.append(row)
    if followed:
        sync(providers=sorted({row.provider.slug for row in followed}))
    return followed, unknown
