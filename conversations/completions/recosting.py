"""Prices stored calls anew, after prices were corrected or became known."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet, Value

from conversations.completions.measured import Measured
from conversations.models import ComparisonResult, Message
from models_registry.calls.costs import CostSource, price
from models_registry.calls.measurement import COUNT_COLUMNS
from models_registry.calls.usage import Usage
from models_registry.models import LLMModel
from models_registry.spending.money import COST_UNIT
from models_registry.spending.usage.counting import COUNTS
from models_registry.spending.usage.rolling import NOBODY, add

BATCH = 1_000  # rows read and written at a time
PRICES = ("input_price", "cache_read_price", "cache_write_price", "output_price")
CHANGED = ("cost", "cost_source", *PRICES)


@dataclass(slots=True)
class Difference:
    """What changes for a model: how many rows, and the sums of their costs in USD; an unknown cost adds nothing."""

    rows: int = 0
    before: Decimal = field(default_factory=Decimal)
    after: Decimal = field(default_factory=Decimal)


@dataclass(slots=True)
class Recosting:
    """What was read, what has no usage or no price, and the differences by provider and model."""

    rows: int = 0
    unpriced: int = 0
    differences: dict[tuple[str, str], Difference] = field(default_factory=dict)


def recost(*, since: datetime, write: bool, progress: Callable[[int], Any]) -> Recosting:
    """Price the calls since a moment by the registry's present prices, and store what differs unless told not to.

    Costs that the vendor reported stay. `progress` is called with the number of rows of each batch.
    """
    result, find = Recosting(), cache(_registered)
    for batch in _batches(since):
        changed: dict[type[Measured], list[Measured]] = {Message: [], ComparisonResult: []}
        corrections = []
        for row in batch:
            result.rows += 1
            old = row.cost
            if not _price(row, find, result):
                continue
            changed[type(row)].append(row)
            corrections.append(_correction(row, old))
        if write:
            with transaction.atomic():
                add(corrections)  # first: it locks the users, as the deletion of an account does
                Message.objects.bulk_update(changed[Message], CHANGED)  # type: ignore[arg-type]
                ComparisonResult.objects.bulk_update(changed[ComparisonResult], CHANGED)  # type: ignore[arg-type]
        progress(len(batch))
    return result


def _correction(row: Any, old: Decimal | None) -> dict[str, Any]:
    """Write what a new cost changes of the usage. Which token called is not known any more."""
    place = {"day": row.called_at.date(), "endpoint": row.endpoint, "provider": row.provider, "model": row.model}
    cost = row.cost - (old or 0)
    return {
        **NOBODY,
        "user_id": row.user_id,
        **place,
        **dict.fromkeys(COUNTS, 0),
        "unpriced": -(old is None),
        "cost": cost,
    }


def _price(row: Any, find: Callable[[str, str], LLMModel | None], result: Recosting) -> bool:
    """Set the cost of a row; returns whether it changed."""
    usage = Usage(**{name: getattr(row, column) for column, name in COUNT_COLUMNS.items()})
    cost, source, rates = price(find(row.provider, row.model), usage, estimated=row.estimated, at=row.called_at)
    if cost is None or rates is None:
        result.unpriced += 1
        return False
    old, row.cost = row.cost, cost.quantize(COST_UNIT)
    if old == row.cost and row.cost_source is not None:
        return False
    row.cost_source = source
    for column in PRICES:
        setattr(row, column, getattr(rates, column.removesuffix("_price")))
    difference = result.differences.setdefault((row.provider, row.model), Difference())
    difference.rows += 1
    difference.before += old or 0
    difference.after += row.cost
    return True


def _batches(since: datetime) -> Iterator[list[Measured]]:
    counted = Q(prompt_tokens__isnull=False, completion_tokens__isnull=False)
    ours = Q(cost_source__isnull=True) | ~Q(cost_source=CostSource.VENDOR)
    columns = ("id", "provider", "model", "estimated", *COUNT_COLUMNS, *CHANGED)
    tables: Iterable[QuerySet[Any]] = (
        Message.objects.annotate(called_at=F("created_at"), user_id=F("conversation__user_id"), endpoint=Value("chat")),
        ComparisonResult.objects.annotate(
            called_at=F("comparison__created_at"), user_id=F("comparison__user_id"), endpoint=Value("compare")
        ),
    )
    for table in tables:
        rows, last = table.filter(counted & ours, called_at__gte=since).only(*columns).order_by("pk"), Q()
        while batch := list(rows.filter(last)[:BATCH]):
            yield batch
            last = Q(pk__gt=batch[-1].pk)


def _registered(provider: str, model: str) -> LLMModel | None:
    return LLMModel.objects.filter(provider__slug=provider, model_id=model).first()
