"""The queries of usage and budgets, declared for `check_query_plans`, and the rows of its scratch database."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from models_registry import query_plans as queries
from models_registry.models import Budget, Reservation, UsageDay, UsageEntry, UsageTotal
from models_registry.spending.usage.reports import usage_rows
from perf.api.pagination import KeysetPagination
from perf.plans.declared_queries import DeclaredQuery

DAYS, SHOWN = 150, 30  # in the scratch database, and in a report
PAGE = 20
GROUPED = "some hundred sums of days, grouped for a report"
NEW = {UsageEntry._meta.db_table: "the calls of the last minutes, all of them summed up; the others are rolled up"}


def declared_queries() -> Iterator[DeclaredQuery]:
    """Declare the queries for the user of the newest budget."""
    budget = Budget.objects.order_by("-pk").first() or Budget(user_id=0)
    last = timezone.now().date()
    summed = partial(usage_rows, first=last - timedelta(days=SHOWN - 1), last=last)
    for name, columns in (("day", ("day",)), ("model", ("provider", "model")), ("token", ("token_id", "token_name"))):
        run = partial(summed, columns=columns, user_id=budget.user_id)
        yield DeclaredQuery(f"usage of a user by {name}", run, may_sort=GROUPED)
    totals = NEW | {UsageTotal._meta.db_table: "a row for each day, endpoint and model, of which a report reads many"}
    for name, columns in (("day", ("day",)), ("model", ("provider", "model"))):
        yield DeclaredQuery(f"usage of all by {name}", partial(summed, columns=columns), totals, GROUPED)
    per_user = {UsageDay._meta.db_table: "the sums of all users in these days"}
    by_user = partial(summed, columns=("user_id",))
    yield DeclaredQuery("usage of all by user", by_user, {**NEW, **per_user}, GROUPED)
    for name, owner in (("one's own", budget.user_id), ("all", None)):
        rows = KeysetPagination.beyond(queries.budgets(owner), ordering=queries.NEWEST_BUDGET_FIRST, position=None)
        few = {User._meta.db_table: "the users of one page"}
        if owner is None:
            few[Budget._meta.db_table] = "a page in the order of the key"
        yield DeclaredQuery(f"budgets, {name}", partial(_page, rows), few)
    own = Budget.objects.filter(user_id=budget.user_id).order_by("pk").values_list("pk", "token_id")
    yield DeclaredQuery("chat, which budgets there are", own.all, may_sort="a handful of budgets of a user")
    yield DeclaredQuery("chat, what is left", Budget.objects.filter(pk__in=[budget.pk]).order_by("pk").all)
    expired = Reservation.objects.filter(expires_at__lt=timezone.now()).order_by("expires_at")
    yield DeclaredQuery("calls whose process died", expired.all)


def fill() -> None:
    """Add days of usage, entries and budgets of every user."""
    users, today = list(User.objects.values_list("pk", flat=True)), timezone.now()
    sums: list[tuple[Any, list[Any]]] = [(UsageDay, users), (UsageTotal, [None])]
    for kind, owners in sums:
        rows = [_counted(kind, owner, today.date() - timedelta(days=day)) for owner in owners for day in range(DAYS)]
        kind._default_manager.bulk_create(rows, batch_size=1_000)
    UsageEntry.objects.bulk_create(_counted(UsageEntry, user, today.date()) for user in users for _ in range(20))
    Budget.objects.bulk_create(
        Budget(user_id=user, token_id=UUID(int=user * 1000 + number), period="day", limit=1, period_start=today)
        for user in users
        for number in range(30)
    )
    Reservation.objects.bulk_create(
        Reservation(user_id=users[0], amount=1, budgets=[], expires_at=today + timedelta(seconds=number))
        for number in range(1_000)
    )


def _counted(kind: type[Any], user: int | None, day: Any) -> Any:
    whose = {} if user is None else {"user_id": user}
    place = {"day": day, "endpoint": "chat", "provider": "openai", "model": "gpt-5"}
    return kind(**whose, **place, requests=1, prompt_tokens=100, cost=Decimal("0.001"))


def _page(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows[: PAGE + 1]
