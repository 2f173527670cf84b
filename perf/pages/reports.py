"""The figures as plain-text tables for a terminal."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from perf.pages.formatting import brief, counted, duration, number, quantity, rate
from perf.pages.sections import SECTIONS
from perf.timing.figures import Figures
from perf.timing.request_stats import PARTS, Part
from perf.timing.rows import SlowEvent

GAP = "  "

Columns = Mapping[str, Callable[[Any], str]]  # the function that formats a cell of a row, by the title of its column

_PERCENTILES: Columns = {
    "p50": lambda row: duration(row.times.p50),
    "p95": lambda row: duration(row.times.p95),
    "p99": lambda row: duration(row.times.p99),
}
_ROUTES: Columns = {
    "count": lambda row: number(row.times.count),
    "/s": lambda row: number(row.requests_per_second),
    **_PERCENTILES,
    "total": lambda row: duration(row.times.total),
    "queries": lambda row: number(row.queries),
    "database": lambda row: duration(row.database_time),
    "failed": lambda row: rate(row.error_rate),
    "route": lambda row: f"{row.method} {row.route} ({counted(row.statuses)})",
}
_EVENTS: Columns = {
    "at, UTC": lambda event: f"{event.at:%Y-%m-%d %H:%M:%S}",
    "took": lambda event: duration(event.duration),
}
_SLOW_REQUESTS: Columns = {
    **_EVENTS,
    "status": lambda event: str(event.details.get("status", "")),
    "database": lambda event: duration(event.details.get("database_time")),
    "route and request id": lambda event: " ".join(
        str(event.details.get(name)) for name in ("method", "route", "request_id")
    ),
}
_QUERIES: Columns = {
    "count": lambda row: number(row.times.count),
    "total": lambda row: duration(row.times.total),
    **_PERCENTILES,
    "rows": lambda row: number(row.rows),
    "sent by": lambda row: row.origin,
    "id": lambda row: row.id,
    "statement": lambda row: brief(row.fingerprint),
}
_SUSPECTS: Columns = {
    "worst": lambda row: number(row.worst_count),
    "requests": lambda row: number(row.requests),
    "route and statement": lambda row: f"{row.route}: {brief(row.fingerprint)}",
}
_SLOW_QUERIES: Columns = {
    **_EVENTS,
    "route and statement": lambda event: f"{event.details.get('route') or '-'}: {brief(event.details.get('sql', ''))}",
}
_CACHES: Columns = {
    "hit rate": lambda row: rate(row.hit_rate),
    "hits": lambda row: number(row.hits),
    "misses": lambda row: number(row.misses),
    "p95": lambda row: duration(row.times.p95),
    "namespace": lambda row: row.namespace,
}
_POOL: Columns = {
    "checkouts": lambda times: number(times.count),
    "p50": lambda times: duration(times.p50),
    "p95": lambda times: duration(times.p95),
    "p99": lambda times: duration(times.p99),
    "total": lambda times: duration(times.total),
}


def tables(figures: Figures, limit: int) -> Iterator[str]:
    """Yield the lines of all tables that have rows, with at most `limit` rows each."""
    times, pool = figures.all_requests(), figures.pool()
    span = f"{figures.since:%Y-%m-%d %H:%M} to {figures.until:%Y-%m-%d %H:%M:%S} UTC"
    yield f"{span}, all workers; time in the application"
    yield (
        f"{quantity(times.count, 'request')}, {number(times.count / figures.seconds)} a second, "
        f"p50 {duration(times.p50)}, p95 {duration(times.p95)}, p99 {duration(times.p99)}, "
        f"{number(figures.gauges.get('in_flight', 0))} in flight"
    )
    yield from _table("Routes, by total time", _ROUTES, figures.requests(), limit)
    *first, last = _SLOW_REQUESTS.items()
    parts = ((part.title.lower(), partial(_part, part)) for part in PARTS)
    yield from _table("Slow requests", dict([*first, *parts, last]), figures.slow_requests(), limit)
    yield from _table("Queries, by total time", _QUERIES, figures.queries(), limit)
    yield from _table("N+1 suspects", _SUSPECTS, figures.suspects(), limit)
    yield from _table("Slow queries", _SLOW_QUERIES, figures.slow_queries(), limit)
    yield from _table("Cache", _CACHES, figures.caches(), limit)
    yield from _table("Waiting for a connection", _POOL, [pool] if pool.count else [], limit)
    for section in SECTIONS:
        columns = {**{column.title: column.text for column in section.columns}, section.row_title: section.row_name}
        yield from _table(section.title, columns, section.rows(figures.total), limit)


def _part(part: Part, event: SlowEvent) -> str:
    return duration(event.details.get(part.name))


def _table(title: str, columns: Columns, rows: Sequence[Any], limit: int) -> Iterator[str]:
    """Yield the lines of a table, with all columns but the last aligned to the right; nothing without rows."""
    if not rows:
        return
    lines = [list(columns), *([cell(row) for cell in columns.values()] for row in rows[:limit])]
    *widths, _ = (max(map(len, column)) for column in zip(*lines, strict=True))
    yield from ("", title)
    for line in lines:
        yield GAP.join([*(cell.rjust(width) for cell, width in zip(line, widths, strict=False)), line[-1]])
    if len(rows) > limit:
        yield f"({len(rows) - limit} more)"
