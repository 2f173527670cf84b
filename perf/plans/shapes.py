"""Query shapes: what apps declare of their queries, and whether the connected database serves each by an index."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.query import MAX_GET_RESULTS
from django.utils.module_loading import import_string

from perf.plans.explain import Plan, explain, explain_by_index, size_of

# PostgreSQL reads a table of a few pages whole, and sorts a handful of rows, though an index would do: that is right,
# and lasts until there are more. What counts is that the index is there, and that it is really no more than this.
FEW_BYTES = 50 * 8192
FEW_ROWS = 1000

SORT_IN_WORDS = """
SELECT gin_clean_pending_list(pg_class.oid) FROM pg_class JOIN pg_am ON pg_am.oid = relam
WHERE amname = 'gin' AND relnamespace = current_schema()::regnamespace"""


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of query: `run` returns the queryset that is used, or runs what is used; every SELECT of it is checked.

    `may_scan` maps tables that may be read whole to the reason, `may_sort` is the reason why a sort is fine.
    """

    name: str
    run: Callable[[], object]
    may_scan: Mapping[str, str] = field(default_factory=dict)
    may_sort: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of one statement of a shape: `problems`, and the reasons of what is `excused`."""

    shape: Shape
    plan: Plan
    problems: list[str]
    excused: list[str]


_shapes: list[str] = []
_fillers: list[str] = []


def register(*, shapes: str = "", fill: str = "") -> None:
    """Have shapes checked, and scratch databases filled; apps do so in `AppConfig.ready()`.

    Both are dotted paths, so that a server never loads what it never checks: `shapes` of a function that yields
    `Shape`s, made for the rows that are there; `fill` of one that adds enough rows for a planner to prefer indexes.
    """
    _shapes.extend([shapes] if shapes else [])
    _fillers.extend([fill] if fill else [])


def fill() -> None:
    """Fill a scratch database with rows of all apps, and have its planner look at them."""
    for path in _fillers:
        import_string(path)()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    sort_in_words()


def sort_in_words() -> None:
    """Sort new words into their indexes, as a vacuum does.

    Until they are, PostgreSQL holds an index of words for as slow as its list of new ones is long.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(SORT_IN_WORDS)


def check(shapes: Iterable[Shape] | None = None) -> Iterator[Verdict]:
    """Check every statement of these shapes, by default of all that are declared; nothing is changed.

    A shape that runs no SELECT is a problem, too.
    """
    for shape in all_shapes() if shapes is None else shapes:
        statements = statements_of(shape)
        if not statements:
            yield Verdict(shape, Plan(), ["runs no SELECT"], [])
        for sql, params in statements:
            yield _judge(shape, sql, params)


def as_get(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Make the query that `rows.get()` runs, for a shape that must not fail where there is no such row."""
    return rows.order_by()[:MAX_GET_RESULTS]


def statements_of(shape: Shape) -> list[tuple[str, Any]]:
    """Run a shape without a cache and return its SELECTs, each with its parameters."""
    found: list[tuple[str, Any]] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip("( \n").startswith("SELECT"):
            found.append((sql, params))
        return execute(sql, params, many, context)

    # A transaction, because some of them lock rows.
    with transaction.atomic(), connection.execute_wrapper(note):
        result = shape.run()
        if isinstance(result, QuerySet):
            list(result)
        transaction.set_rollback(True)
    return found


def all_shapes() -> Iterator[Shape]:
    """Yield every declared shape, for the rows that are there."""
    for path in _shapes:
        yield from import_string(path)()


def _judge(shape: Shape, sql: str, params: Any) -> Verdict:
    plan = explain(sql, params)
    if connection.vendor == "postgresql":
        empty = {table: "it is empty, so any plan will do" for table in plan.scans if not size_of(table)}
        shape = replace(shape, may_scan={**empty, **shape.may_scan})
    problems, excused = _compare(shape, plan)
    if problems and connection.vendor == "postgresql" and _is_cheap(plan):
        for bitmaps in (False, True):
            by_index = explain_by_index(sql, params, bitmaps=bitmaps)
            if not _compare(shape, by_index)[0]:
                reasons = [f"{problem}: so few that it is cheaper than the index" for problem in problems]
                by_index.lines = plan.lines
                return Verdict(shape, by_index, [], [*excused, *reasons])
    return Verdict(shape, plan, problems, excused)


def _compare(shape: Shape, plan: Plan) -> tuple[list[str], list[str]]:
    """Return what a plan has that the shape does not allow, and the reasons of what it allows."""
    problems, excused = [], []
    for table in plan.scans:
        reason = shape.may_scan.get(table)
        excused.append(f"scans {table}: {reason}") if reason else problems.append(f"scans {table}")
    for keys, rows in plan.sorts:
        about = f"sorts by {keys}" if rows is None else f"sorts about {rows} rows by {keys}"
        excused.append(f"{about}: {shape.may_sort}") if shape.may_sort else problems.append(about)
    return problems, excused


def _is_cheap(plan: Plan) -> bool:
    return all(rows is not None and rows <= FEW_ROWS for _, rows in plan.sorts) and all(
        size_of(table) <= FEW_BYTES for table in plan.scans
    )
