"""Counts the calls of messages and results that no usage entry was written for: those from before there were any.

A row that was counted by its entry says so (`metered`). The others are counted once, in the order of their ids: how far
that has come is kept in the same transaction as the sums. Servers of an earlier version may go on writing such rows
while the first of this version runs; the next round counts them.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import BigIntegerField, Case, Count, F, Q, QuerySet, Sum, Value, When
from django.db.models.fields import DecimalField
from django.db.models.functions import Cast, Coalesce, Round, TruncDate
from django.utils import timezone

from conversations.models import ComparisonResult, Message
from models_registry.calls.measurement import TOKENS
from models_registry.models import UsageMark
from models_registry.spending import background
from models_registry.spending.money import COST_UNIT
from models_registry.spending.usage.rolling import NOBODY, add

# A row may be committed so long after its id was made.
SETTLED = timedelta(minutes=10)
BATCH = 5_000  # rows looked at in one transaction, which on SQLite keeps others from writing
FIRST = UUID(int=0)


def take_over(*, now: datetime | None = None) -> int:
    """Count what was not counted yet, but for the newest minutes; returns the number of calls.

    Only one process does it at a time; others wait. Raises what the database raises.
    """
    until, counted = _first_id((now or timezone.now()) - SETTLED), 0
    for table, rows in _tables().items():
        UsageMark.objects.get_or_create(table=table, defaults={"counted": FIRST})
        while (calls := _take_over(table, rows, until)) is not None:
            counted += calls
    return counted


def keep_usage() -> None:
    """Roll usage up, settle the budgets of lost calls, and count what was not counted yet, in a thread from now on."""
    background.start(take_over)


def _take_over(table: str, rows: QuerySet[Any], until: UUID) -> int | None:
    """Count a batch of the rows up to an id; returns the number of calls, None when there are no more rows."""
    with transaction.atomic():
        mark = UsageMark.objects.select_for_update().get(table=table)
        waiting = rows.model._default_manager.filter(pk__gt=mark.counted, pk__lte=until).order_by("pk")
        batch = list(waiting.values_list("pk", flat=True)[:BATCH])
        if not batch:
            return None
        sums = list(_sums(rows.filter(pk__gt=mark.counted, pk__lte=batch[-1], metered__isnull=True)))
        add(sums)
        mark.counted = batch[-1]
        mark.save(update_fields=["counted"])
    return sum(int(row["requests"]) for row in sums)


def _tables() -> dict[str, QuerySet[Any]]:
    """Return the calls of each table, with the columns of their spender and their day, by the table's name."""
    answers = Message.objects.filter(role=Message.Role.ASSISTANT).annotate(
        user_id=F("conversation__user_id"),
        day=TruncDate("created_at"),
        endpoint=Value("chat"),
        failed=Case(When(Q(status=Message.Status.ERROR) | Q(finish_reason="error"), then=1), default=0),
    )
    # Without a time there was no call: the model had no key.
    results = ComparisonResult.objects.filter(time__isnull=False).annotate(
        user_id=F("comparison__user_id"),
        day=TruncDate("comparison__created_at"),
        endpoint=Value("compare"),
        failed=Case(When(Q(error="") | Q(error="interrupted"), then=0), default=1),
    )
    return {"message": answers, "comparisonresult": results}


def _sums(rows: QuerySet[Any]) -> Iterator[Mapping[str, Any]]:
    """Sum rows by spender, day, endpoint and model."""
    # SQLite keeps costs as floating point numbers, whose sum would not be exact.
    units = F("cost") * Value(int(1 / COST_UNIT), output_field=DecimalField(max_digits=40, decimal_places=0))
    unpriced = Case(When(cost__isnull=True, prompt_tokens__isnull=False, then=1), default=0)
    grouped = rows.order_by().values("user_id", "day", "endpoint", "provider", "model")
    summed = grouped.annotate(
        requests=Count("pk"),
        errors=Sum("failed"),
        unpriced=Sum(unpriced),
        units=Coalesce(Sum(Cast(Round(units), BigIntegerField())), 0),
        **{f"sum_{name}": Coalesce(Sum(name), 0) for name in TOKENS},
    )
    for row in summed.iterator():
        tokens = {name: row[f"sum_{name}"] for name in TOKENS}
        yield {**NOBODY, **row, **tokens, "cost": Decimal(int(row["units"])) * COST_UNIT}


def _first_id(at: datetime) -> UUID:
    """Return the smallest id that a row made at a moment can have, by RFC 9562, section 5.7."""
    return UUID(int=int(at.timestamp() * 1000) << 80)
