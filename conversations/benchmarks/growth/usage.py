"""The time of usage reports with many calls rolled up, and with a tenth of them."""

import statistics
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import TypeVar

from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from models_registry.models import UsageDay, UsageEntry, UsageTotal
from models_registry.spending.models import Counted
from models_registry.spending.usage.reports import Group, report
from perf.benchmarks.cases import Options, Result
from perf.benchmarks.measuring import measure
from perf.db.scratch import current, scratch_database, switched

Row = TypeVar("Row", bound=Counted)

CALLS, DAYS, MODELS = 20_000, 730, 4  # of a user, in two years, one of the models each day
WAITING = 3_000  # entries that are not rolled up yet: a minute at 50 calls a second
SHOWN = 30  # days of a report
WARM_UP = 5  # rounds
MILLISECONDS, RATIO = 30, 1.3  # bounds of a report


def usage(options: Options) -> Iterator[Result]:
    """Report 30 days of one user and of all, with so many calls in two years, and with a tenth of calls and users."""
    times: dict[tuple[str, int], list[float]] = {}
    with ExitStack() as stack:
        sizes = [options.messages, options.messages // 10]
        databases = []
        for number, calls in enumerate(sizes):
            stack.enter_context(scratch_database(options.database_url, f"benchmark_{number}"))
            databases.append((current(), _fill(calls)))
        for round_ in range(WARM_UP + options.rounds):
            for number, (database, reports) in enumerate(databases):
                with switched(database):
                    for name, run in reports.items():
                        taken = measure(run).database_milliseconds
                        if round_ >= WARM_UP:
                            times.setdefault((name, number), []).append(taken)
    for name, number in times:
        if number == 0:
            full, tenth = (statistics.median(times[name, each]) for each in (0, 1))
            yield Result(f"{name}, database time", full, "ms", at_most=MILLISECONDS)
            yield Result(f"{name}, to the same on a tenth of the calls", full / tenth, "times", at_most=RATIO)


def _fill(calls: int) -> dict[str, Callable[[], object]]:
    """Add the sums of so many calls, as they are rolled up, and entries beside them; returns the reports to measure."""
    users = User.objects.bulk_create(User(username=f"usage-{number}") for number in range(max(calls // CALLS, 1)))
    today, each = timezone.now().date(), CALLS // DAYS
    for day in range(DAYS):
        UsageDay.objects.bulk_create(
            _sums(UsageDay(user=user), (number + day) % MODELS, day, each) for number, user in enumerate(users)
        )
    UsageTotal.objects.bulk_create(
        _sums(UsageTotal(), model, day, each * len(users) // MODELS) for day in range(DAYS) for model in range(MODELS)
    )
    UsageEntry.objects.bulk_create(
        _sums(UsageEntry(user=users[number % len(users)]), number % MODELS, 0, 1) for number in range(WAITING)
    )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    days = {"first": today - timedelta(days=SHOWN - 1), "last": today}

    def reported(group: Group, user_id: int | None = None) -> Callable[[], object]:
        return partial(report, first=days["first"], last=days["last"], group_by=group, user_id=user_id)

    return {
        "a user by day": reported("day", users[0].pk),
        "a user by model": reported("model", users[0].pk),
        "all by day": reported("day"),
        "all by model": reported("model"),
    }


def _sums(row: Row, model: int, day: int, calls: int) -> Row:
    """Fill in the sums of so many calls of a model, so many days ago."""
    row.day, row.endpoint = timezone.now().date() - timedelta(days=day), "chat"
    row.provider, row.model, row.requests = "openai", f"model-{model}", calls
    row.prompt_tokens, row.completion_tokens, row.cost = 900 * calls, 200 * calls, Decimal("0.004") * calls
    return row
