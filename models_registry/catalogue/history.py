"""The history of models: which of their prices, limits and availability changed, when, and by whom."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from models_registry.models import LLMModel, ModelChange

RECORDED = (
    "input_price",
    "output_price",
    "cache_read_price",
    "cache_write_price",
    "price_tiers",
    "available",
    "deprecated",
    "enabled",
    "context_window",
    "max_output_tokens",
)
SHOWN = {"above", "input", "output", "cache_read", "cache_write"}  # what a tier has in common with the prices
KEPT = 500  # changes of a model; one that comes and goes daily fills them in two years

Snapshot = Mapping[str, str | None]


def snapshot(model: LLMModel) -> Snapshot:
    """Write the recorded values of a model as text, None what is unknown."""
    return {name: _text(_value(model, name)) for name in RECORDED}


def changes(
    model: LLMModel, before: Snapshot, *, now: datetime, source: Callable[[str], LLMModel.Source]
) -> list[ModelChange]:
    """List what of a model is not as it was; `source` names who a field's new value is from."""
    after = snapshot(model)
    return [
        ModelChange(model=model, changed_at=now, field=name, old=before[name], new=after[name], source=source(name))
        for name in RECORDED
        if before[name] != after[name]
    ]


def store(changes: Iterable[ModelChange]) -> None:
    """Store changes, and of each of their models the newest `KEPT` only; the caller's transaction holds the change."""
    rows = list(changes)
    if not rows:
        return
    ModelChange.objects.bulk_create(rows)
    place = Window(RowNumber(), partition_by=F("model"), order_by=[F("changed_at").desc(), F("id").desc()])
    of_these = ModelChange.objects.filter(model__in={row.model_id for row in rows})
    excess = of_these.annotate(place=place).filter(place__gt=KEPT)
    ModelChange.objects.filter(pk__in=list(excess.values_list("pk", flat=True))).delete()


@contextmanager
def staff_edit(model: LLMModel) -> Iterator[None]:
    """Record what the saving inside changes of a model, in one transaction; a new model has no history yet."""
    with transaction.atomic():
        stored = LLMModel.objects.select_for_update(no_key=True).filter(pk=model.pk).first()
        yield
        if stored is not None:
            staff = LLMModel.Source.STAFF
            store(changes(model, snapshot(stored), now=timezone.now(), source=lambda _: staff))


def _value(model: LLMModel, name: str) -> Any:
    """Return a value as it counts: tiers only where they say more than the prices do."""
    if name != "price_tiers":
        return getattr(model, name)
    tiers = model.price_tiers or []
    return tiers if len(tiers) > 1 or any(tier.keys() - SHOWN for tier in tiers) else None


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return json.dumps(value, sort_keys=True)
