"""The index of the admin: today's figures and the system's health at a glance, above the list of tables."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Model, QuerySet
from django.urls import reverse
from django.utils import timezone

from perf.pages import formatting
from perf.pages.paginator import COUNT_LIMIT, CappedCount, first_id
from perf.pages.performance.requests import headline
from perf.plans.declared_queries import DeclaredQuery
from perf.serving import health
from perf.timing.figures import Figures, load


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure of today; `note` says more about it, `url` leads to where it comes from."""

    title: str
    value: str
    note: str = ""
    url: str = ""
    alarming: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """Something of the system's health: what it is about, and how it is; `to_do` is no problem, but waits for staff."""

    title: str
    text: str
    url: str = ""
    alarming: bool = False
    to_do: bool = False


@dataclass(frozen=True, slots=True)
class Today:
    """What the tiles are made of: since when, and the figures since then; None when they cannot be read."""

    since: datetime
    figures: Figures | None


NEW_TODAY = "made=today"  # narrows a table with a `MadeFilter`

# What apps add, in their order; each must take a time that does not grow with the tables.
TILES: list[Callable[[Today], Iterable[Tile]]] = []
FINDINGS: list[Callable[[], Iterable[Finding]]] = []


def context() -> dict[str, Any]:
    """Return the context of `admin/index.html`. Raises what the database raises."""
    now = timezone.now()
    since = now.replace(hour=0, minute=0, second=0, microsecond=0)
    figures, failure = None, ""
    try:
        figures = load(since)
    except Exception as error:  # whatever the store raises
        failure = formatting.read_failure(error)
    today = Today(since, figures)
    return {
        "today": now,
        "tiles": [tile for source in (_request_tiles, *TILES) for tile in source(today)],
        "findings": [*_health(failure), *(finding for source in FINDINGS for finding in source())],
    }


def count_since(rows: QuerySet[Any], since: datetime) -> int:
    """Count the rows made since, at most `COUNT_LIMIT`; their ids are UUIDv7, whose index tells."""
    return CappedCount(made_since(rows, since)[:COUNT_LIMIT].count())


def made_since(rows: QuerySet[Any], since: datetime) -> QuerySet[Any]:
    """Narrow rows whose ids are UUIDv7 to those made since."""
    return rows.filter(pk__gte=first_id(since)).order_by()


def declared_counts(model: type[Model]) -> DeclaredQuery:
    """Declare the count of a model's rows of today for `check_query_plans`; where all are new, a scan stops early."""
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    count = partial(count_since, model._default_manager.all(), midnight)
    return DeclaredQuery(f"admin, {model._meta.verbose_name_plural} of today", count, counted_up_to_a_limit(model))


def counted_up_to_a_limit(model: type[Model]) -> dict[str, str]:
    """Say why a capped count may read a table as it lies, and SQLite the result of the subquery that caps it."""
    return dict.fromkeys((model._meta.db_table, "subquery"), f"it stops after {COUNT_LIMIT:,} rows")


def changelist_url(model: type[Model]) -> str:
    """Return where the admin lists the rows of a model."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def _request_tiles(today: Today) -> Iterator[Tile]:
    url = f"{reverse('admin:perf-overview')}?range=today"
    if today.figures is None:
        yield Tile("Requests", formatting.NONE, "the figures cannot be read", url, alarming=True)
        return
    requests = headline(today.figures)
    times, failed = requests.times, requests.failed
    note = f"p95 {formatting.duration(times.p95)}, admin left out" if settings.TIMING else "TIMING is off"
    yield Tile("Requests", formatting.number(times.count), note, url)
    answered = f"answered 5xx: {formatting.share(failed, times.count)}"
    yield Tile("Errors", formatting.number(failed), answered, f"{url}#failed", alarming=failed > 0)


def _health(failure: str) -> Iterator[Finding]:
    found = health.examine()
    database, cache = found.database, found.cache
    yield Finding("Database", _how(database, connection.vendor), alarming=bool(database["error"]))
    backend = "Redis" if settings.REDIS_URL else "memory of this worker"
    yield Finding("Cache", _how(cache, backend), reverse("admin:perf-cache"), alarming=bool(cache["error"]))
    if found.pending:
        yield Finding("Migrations", f"pending: {', '.join(found.pending)}", alarming=True)
    if failure:
        yield Finding("Figures", failure, reverse("admin:perf-overview"), alarming=True)


def _how(part: dict[str, Any], kind: str) -> str:
    if part["error"]:
        state = "can only be read" if part["connected"] else "does not answer"
        return f"{kind} {state}: {part['error']}"
    return f"{kind} answers in {formatting.duration(part['latency'])}"
