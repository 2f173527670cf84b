"""The figures as tables of text, for a terminal."""

from collections.abc import Iterator, Sequence

from perf.pages.sections import SECTIONS
from perf.pages.wording import brief, counted, duration, number, rate
from perf.timing.figures import Figures
from perf.timing.rows import Times

GAP = "  "


def tables(figures: Figures, limit: int) -> Iterator[str]:
    """Yield the lines, at most `limit` rows a table; tables of which there is nothing are left out."""
    everything = figures.all_requests()
    span = f"{figures.since:%Y-%m-%d %H:%M} to {figures.until:%Y-%m-%d %H:%M:%S} UTC"
    yield f"{span}, all workers; time in the application"
    yield (
        f"{number(everything.count)} requests, {number(everything.count / figures.seconds)} a second, "
        f"p50 {duration(everything.p50)}, p95 {duration(everything.p95)}, p99 {duration(everything.p99)}, "
        f"{number(figures.gauges.get('in_flight', 0))} in flight"
    )
    for title, head, rows in (*_requests(figures), *_statements(figures), *_others(figures)):
        if rows:
            yield ""
            yield title
            yield from _aligned([head, *rows[:limit]])
            if len(rows) > limit:
                yield f"({len(rows) - limit} more)"


Table = tuple[str, list[str], list[list[str]]]


def _requests(figures: Figures) -> Iterator[Table]:
    head = ["count", "/s", "p50", "p95", "p99", "total", "queries", "database", "failed", "route"]
    rows = [
        [
            number(row.times.count),
            number(row.requests_per_second),
            *_percentiles(row.times),
            duration(row.times.total),
            number(row.queries),
            duration(row.database_time),
            rate(row.error_rate),
            f"{row.method} {row.route} ({counted(row.statuses)})",
        ]
        for row in figures.requests()
    ]
    yield "Routes, by total time", head, rows
    events = [
        [
            f"{event.at:%Y-%m-%d %H:%M:%S}",
            duration(event.duration),
            str(event.what.get("status", "")),
            f"{event.what.get('method')} {event.what.get('route')} {event.what.get('request_id')}",
        ]
        for event in figures.slow_requests()
    ]
    yield "Slow requests", ["at, UTC", "took", "status", "route and request id"], events


def _statements(figures: Figures) -> Iterator[Table]:
    rows = [
        [
            number(row.times.count),
            duration(row.times.total),
            *_percentiles(row.times),
            number(row.rows),
            row.origin,
            row.id,
            brief(row.fingerprint),
        ]
        for row in figures.queries()
    ]
    yield "Queries, by total time", ["count", "total", "p50", "p95", "p99", "rows", "sent by", "id", "statement"], rows
    suspects = [
        [number(row.worst_count), number(row.requests), f"{row.route}: {brief(row.fingerprint)}"]
        for row in figures.suspects()
    ]
    yield "N+1 suspects", ["worst", "requests", "route and statement"], suspects
    events = [
        [
            f"{event.at:%Y-%m-%d %H:%M:%S}",
            duration(event.duration),
            f"{event.what.get('route') or '-'}: {brief(event.what.get('sql', ''))}",
        ]
        for event in figures.slow_queries()
    ]
    yield "Slow queries", ["at, UTC", "took", "route and statement"], events


def _others(figures: Figures) -> Iterator[Table]:
    caches = [
        [rate(row.hit_rate), number(row.hits), number(row.misses), duration(row.times.p95), row.namespace]
        for row in figures.caches()
    ]
    yield "Cache", ["hit rate", "hits", "misses", "p95", "namespace"], caches
    pool = figures.pool()
    waits = [[number(pool.count), *_percentiles(pool), duration(pool.total)]] if pool.count else []
    yield "Waiting for a connection", ["checkouts", "p50", "p95", "p99", "total"], waits
    for section in SECTIONS:
        found = [
            [*(text for text, _ in section.cells(row)), section.row_name(row)] for row in section.rows(figures.total)
        ]
        yield section.title, [*(column.title for column in section.columns), section.row_title], found


def _percentiles(times: Times) -> list[str]:
    return [duration(times.p50), duration(times.p95), duration(times.p99)]


def _aligned(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    """Align every column but the last to the right."""
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]) - 1)]
    for line in lines:
        yield GAP.join([*(cell.rjust(width) for cell, width in zip(line, widths, strict=False)), line[-1]])
