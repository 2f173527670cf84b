"""Rolls usage up: moves entries into the sums of their days, so that both together are exact at every moment."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Least
from django.utils import timezone

from models_registry.models import Reservation, UsageDay, UsageEntry, UsageTotal
from models_registry.spending.models import Counted
from models_registry.spending.money import MAX_AMOUNT, usd
from models_registry.spending.usage.counting import SUMS

BATCH = 1_000  # entries moved in one transaction
PLACE = ("day", "endpoint", "provider", "model")
SPENDER = ("user_id", "token_id", "token_name")
NOBODY = {"user_id": None, "token_id": None, "token_name": ""}  # whose account was deleted

Sums = dict[str, Any]
Key = tuple[Any, ...]


def roll_up(*, before: datetime | None = None) -> int:
    """Move entries older than a moment into the sums of their days; returns their number.

    By default that is what no try to store an answer can still be about, since such a try looks for the entry of an
    earlier one. Any number of processes may do this at once. Raises what the database raises.
    """
    if before is None:
        before = timezone.now() - timedelta(seconds=60 + 2 * settings.ANSWER_STORE_SECONDS)
    moved = 0
    while count := _move(before):
        moved += count
    return moved


def add(counted: Iterable[Mapping[str, Any]]) -> None:
    """Add sums, each with its spender and place, to the rows of their days; call it in a transaction.

    Those of accounts that are deleted are nobody's.
    """
    rows = list(counted)
    known = _lock_users({row["user_id"] for row in rows})
    by_spender: dict[Key, Sums] = defaultdict(lambda: dict.fromkeys(SUMS, 0))
    by_place: dict[Key, Sums] = defaultdict(lambda: dict.fromkeys(SUMS, 0))
    for row in rows:
        place = tuple(row[name] for name in PLACE)
        whose = row if row["user_id"] in known else NOBODY
        for sums in (by_spender[(*(whose[name] for name in SPENDER), *place)], by_place[place]):
            for name in SUMS:
                sums[name] += row[name]
    _add_rows(UsageDay, (*SPENDER, *PLACE), by_spender)
    _add_rows(UsageTotal, PLACE, by_place)


def forget(user_id: int) -> None:
    """Keep the usage of a deleted account as nobody's, and what its calls under way may still cost."""
    for rows in (UsageEntry, UsageDay, Reservation):
        rows.objects.filter(user_id=user_id).update(**NOBODY)


def _move(before: datetime) -> int:
    with transaction.atomic():
        waiting = UsageEntry.objects.filter(created_at__lt=before).order_by("pk")
        found = list(waiting.values_list("pk", "user_id")[:BATCH])
        _lock_users({user_id for _, user_id in found})
        entries = UsageEntry.objects.filter(pk__in=[pk for pk, _ in found])
        rows = list(entries.select_for_update(skip_locked=True).values("pk", *SPENDER, *PLACE, *SUMS))
        add(rows)
        UsageEntry.objects.filter(pk__in=[row["pk"] for row in rows]).delete()
    return len(rows)


def _lock_users(ids: set[int | None]) -> set[int]:
    """Keep users from being deleted until the end of the transaction; returns the ids of those that exist.

    A deletion locks the user before the usage, so this does, too.
    """
    users = (
        User.objects.select_for_update(no_key=True).filter(pk__in=[pk for pk in ids if pk is not None]).order_by("pk")
    )
    return set(users.values_list("pk", flat=True))


def _add_rows(kind: type[Counted], names: tuple[str, ...], sums: Mapping[Key, Sums]) -> None:
    """Add to one row of each key, always in the same order, or insert it. Another process may insert it as well."""
    missing = []
    for key in sorted(sums, key=str):
        where, counts = dict(zip(names, key, strict=True)), sums[key]
        found = kind._default_manager.filter(**_filters(where)).order_by("pk").values_list("pk", flat=True).first()
        cost = max(-MAX_AMOUNT, min(counts["cost"], MAX_AMOUNT))
        added: dict[str, Any] = {name: F(name) + Value(counts[name]) for name in SUMS if name != "cost"}
        added["cost"] = Least(F("cost"), usd(MAX_AMOUNT)) + usd(cost)
        if found is None or not kind._default_manager.filter(pk=found).update(**added):
            missing.append(kind(**where, **{**counts, "cost": Decimal(cost)}))
    kind._default_manager.bulk_create(missing)


def _filters(where: Mapping[str, Any]) -> dict[str, Any]:
    """Write conditions that a null meets too."""
    return {
        f"{name}__isnull" if value is None else name: True if value is None else value for name, value in where.items()
    }
