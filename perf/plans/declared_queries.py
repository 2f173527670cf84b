"""The registry of declared queries, and the check that the database serves each of them by an index."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.query import MAX_GET_RESULTS
from django.utils.module_loading import import_string

from perf.plans.explain import Plan, explain, explain_by_index, size_of

# On a small table PostgreSQL rightly prefers a sequential scan or a sort to an index. Up to these sizes the check
# accepts that, if the planner finds an index once scans and sorts are switched off.
SMALL_TABLE_BYTES = 50 * 8192
FEW_ROWS = 1000


@dataclass(frozen=True, slots=True)
class DeclaredQuery:
    """A named query of an app. `run` returns a queryset or runs the query itself; the check explains every SELECT.

    `may_scan` maps each table that may be scanned sequentially to the reason. `may_sort` is the reason why the query
    may sort; without one, a sort is a problem.
    """

    name: str
    run: Callable[[], object]
    may_scan: Mapping[str, str] = field(default_factory=dict)
    may_sort: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of the check for one SELECT: its `problems`, and the `excused` scans and sorts with their reasons."""

    query: DeclaredQuery
    plan: Plan
    problems: list[str]
    excused: list[str]


_declarations: list[str] = []
_fillers: list[str] = []


def register(*, queries: str, fill: str = "") -> None:
    """Register the queries of an app, and a function that fills a scratch database; call it in `AppConfig.ready()`.

    Both are dotted paths, so that a server does not import what only the check needs. `queries` names a function that
    yields `DeclaredQuery` objects for the rows in the database. `fill` names a function that adds enough rows for the
    planner to prefer indexes.
    """
    _declarations.append(queries)
    if fill:
        _fillers.append(fill)


def all_declared_queries() -> Iterator[DeclaredQuery]:
    """Yield the declared queries of all apps, for the rows in the database."""
    for path in _declarations:
        yield from import_string(path)()


def fill() -> None:
    """Fill a scratch database with rows of all apps, and update the statistics of its planner."""
    for path in _fillers:
        import_string(path)()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    clean_gin_pending_lists()


def clean_gin_pending_lists() -> None:
    """Move the pending entries of all GIN indexes into the indexes, as VACUUM does; PostgreSQL only.

    The planner adds the length of the pending list to the cost of a GIN index, and avoids the index while it is long
    (https://www.postgresql.org/docs/current/gin.html#GIN-FAST-UPDATE).
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT gin_clean_pending_list(pg_class.oid) FROM pg_class JOIN pg_am ON pg_am.oid = relam "
                "WHERE amname = 'gin' AND relnamespace = current_schema()::regnamespace"
            )


def as_get(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return the query that `rows.get()` runs, which unlike `get()` does not fail when there is no row."""
    return rows.order_by()[:MAX_GET_RESULTS]


def selects_of(query: DeclaredQuery) -> list[tuple[str, Any]]:
    """Run a query in a transaction that is rolled back; return its SELECTs, each with its parameters."""
    selects: list[tuple[str, Any]] = []

    def collect(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip("( \n").startswith("SELECT"):
            selects.append((sql, params))
        return execute(sql, params, many, context)

    # SELECT FOR UPDATE needs a transaction, too.
    with transaction.atomic(), connection.execute_wrapper(collect):
        result = query.run()
        if isinstance(result, QuerySet):
            list(result)
        transaction.set_rollback(True)
    return selects


def check(queries: Iterable[DeclaredQuery] | None = None) -> Iterator[Verdict]:
    """Explain every SELECT of these queries (by default all that are declared), and yield a verdict on each.

    Changes nothing. A query that runs no SELECT is a problem too. Raises `django.db.Error`.
    """
    for query in all_declared_queries() if queries is None else queries:
        selects = selects_of(query)
        if not selects:
            yield Verdict(query, Plan(), ["runs no SELECT"], [])
        for sql, params in selects:
            yield _check_select(query, sql, params)


def _check_select(query: DeclaredQuery, sql: str, params: Any) -> Verdict:
    plan = explain(sql, params)
    if connection.vendor != "postgresql":
        return Verdict(query, plan, *_problems(query, plan))
    empty = {table: "it is empty, so any plan will do" for table in plan.scans if not size_of(table)}
    query = replace(query, may_scan={**empty, **query.may_scan})
    problems, excused = _problems(query, plan)
    small = all(rows is not None and rows <= FEW_ROWS for _, rows in plan.sorts) and all(
        size_of(table) <= SMALL_TABLE_BYTES for table in plan.scans
    )
    for bitmaps in (False, True) if problems and small else ():
        by_index = explain_by_index(sql, params, bitmaps=bitmaps)
        if not _problems(query, by_index)[0]:
            excused += [f"{problem}: so few that it is cheaper than the index" for problem in problems]
            return Verdict(query, replace(by_index, lines=plan.lines), [], excused)
    return Verdict(query, plan, problems, excused)


def _problems(query: DeclaredQuery, plan: Plan) -> tuple[list[str], list[str]]:
    """Return the scans and sorts of a plan that its query does not allow, and those that it allows with the reasons."""
    problems, excused = [], []
    for table in plan.scans:
        reason = query.may_scan.get(table)
        excused.append(f"scans {table}: {reason}") if reason else problems.append(f"scans {table}")
    for keys, rows in plan.sorts:
        sort = f"sorts by {keys}" if rows is None else f"sorts about {rows} rows by {keys}"
        excused.append(f"{sort}: {query.may_sort}") if query.may_sort else problems.append(sort)
    return problems, excused
