"""Reports of usage: the sums of days and of the entries that are not rolled up yet, read in one statement.

One statement sees one state of the database: while entries are moved into sums it sees each once.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import BigIntegerField, ExpressionWrapper, F, QuerySet, Sum, Value

from models_registry.models import UsageDay, UsageEntry, UsageTotal
from models_registry.spending.models import Period
from models_registry.spending.money import COST_UNIT
from models_registry.spending.usage.counting import COUNTS

Group = Literal["day", "month", "provider", "model", "token", "endpoint", "user"]

COLUMNS: dict[Group, tuple[str, ...]] = {
    "day": ("day",),
    "month": ("day",),
    "provider": ("provider",),
    "model": ("provider", "model"),
    "token": ("token_id", "token_name"),
    "endpoint": ("endpoint",),
    "user": ("user_id",),
}
GROUPS: tuple[Group, ...] = tuple(COLUMNS)
OVER_TIME = ("day", "month")
HALF = 10**6  # units of money: costs are summed in two halves, so that no sum exceeds a bigint

Sums = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """The sums of all calls, and of each group of them: groups of time by time, the others by cost, dearest first.

    The names of a group are those of its columns; a month is written as `2026-11`.
    """

    total: Sums
    groups: list[tuple[dict[str, Any], Sums]]


def report(*, first: date, last: date, group_by: Group, user_id: int | None = None) -> Report:
    """Sum the usage of a user, or of all, from the first to the last day, both included."""
    names = COLUMNS[group_by]
    groups: dict[tuple[Any, ...], Sums] = defaultdict(_nothing)
    total = _nothing()
    for row in usage_rows(first=first, last=last, columns=names, user_id=user_id):
        key = tuple(row[name] for name in names)
        if group_by == "month":
            key = (f"{key[0]:%Y-%m}",)
        for sums in (total, groups[key]):
            _add(sums, row)
    if group_by == "user":
        named = _by_username(groups)
        return Report(total, sorted(named, key=_dearest))
    keys = ("month",) if group_by == "month" else names
    found = [(dict(zip(keys, key, strict=True)), sums) for key, sums in groups.items()]
    if group_by in OVER_TIME:
        return Report(total, sorted(found, key=lambda each: str(each[0][keys[0]])))
    return Report(total, sorted(found, key=_dearest))


def usage_rows(
    *, first: date, last: date, columns: tuple[str, ...], user_id: int | None = None
) -> QuerySet[Any, dict[str, Any]]:
    """Return sums by these columns, of the days and of the entries beside each other; without a user those of all."""
    everybody = user_id is None and not set(columns) & {"user_id", "token_id"}
    halves = []
    for kind in (UsageTotal if everybody else UsageDay, UsageEntry):
        rows: QuerySet[Any] = kind._default_manager.filter(day__gte=first, day__lte=last)
        if user_id is not None:
            rows = rows.filter(user_id=user_id)
        halves.append(rows.order_by().values(*columns).annotate(**_sums()))
    days, entries = halves
    together: QuerySet[Any, dict[str, Any]] = days.union(entries, all=True)
    return together


def spent_so_far(*, user_id: int, token_id: UUID | None, period: Period, at: datetime) -> Decimal:
    """Sum what a user, or one of their tokens, has spent in the period that holds a moment, in USD."""
    first = period.start(at).date()
    groups = report(first=first, last=at.date(), group_by="token", user_id=user_id).groups
    return sum((sums["cost"] for names, sums in groups if token_id in (None, names["token_id"])), Decimal(0))


def _sums() -> dict[str, Any]:
    """Sum each count, and the two halves of the cost, as whole numbers."""
    sums = {f"sum_{name}": Sum(name) for name in COUNTS}
    for name, half in (("high", F("cost") / Value(HALF)), ("low", F("cost") % Value(HALF))):
        sums[f"sum_{name}"] = Sum(ExpressionWrapper(half, output_field=BigIntegerField()))
    return sums


def _nothing() -> Sums:
    return {**dict.fromkeys(COUNTS, 0), "cost": Decimal(0)}


def _add(sums: Sums, row: Mapping[str, Any]) -> None:
    for name in COUNTS:
        sums[name] += int(row[f"sum_{name}"])
    sums["cost"] += (int(row["sum_high"]) * HALF + int(row["sum_low"])) * COST_UNIT


def _by_username(groups: Mapping[tuple[Any, ...], Sums]) -> list[tuple[dict[str, Any], Sums]]:
    """Name the users; those of deleted accounts are one group without a name."""
    usernames = dict(User.objects.filter(pk__in=[pk for (pk,) in groups]).values_list("pk", "username"))
    named: dict[str | None, Sums] = defaultdict(_nothing)
    for (pk,), sums in groups.items():
        together = named[usernames.get(pk)]
        for name, value in sums.items():
            together[name] += value
    return [({"user": username}, sums) for username, sums in named.items()]


def _dearest(group: tuple[dict[str, Any], Sums]) -> tuple[Any, ...]:
    names, sums = group
    return (-sums["cost"], -sums["requests"], *map(str, names.values()))
