"""The merged figures of all workers in a time range."""

import math
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from perf.timing import flushing, kinds, recorder, rows
from perf.timing.deltas import Delta
from perf.timing.fingerprint import fingerprint_id
from perf.timing.stores import HOUR, MINUTE, store

BY_MINUTE = timedelta(hours=1)  # how far back there are figures for each minute
BY_HOUR = timedelta(days=7)  # how far back there are figures for each hour
GAUGES_EXPIRE = 20.0  # seconds after which the gauges of a worker that does not flush are ignored


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """The requests of a minute or an hour; `seconds` of it have passed."""

    start: datetime
    seconds: float
    times: rows.Times
    failed: int


class Figures:
    """The merged figures from `since` to `until`, which are `seconds` apart and rounded to minutes or hours.

    `total` is the sum of `by_start`, which has a delta for each minute or hour by its start; `span` is 60 or 3600.
    """

    def __init__(self, since: float, until: float, span: int, by_start: dict[int, Delta]) -> None:
        self.by_start = dict(sorted(by_start.items()))
        first = max(since, min(by_start, default=since))
        self.since, self.until = rows.from_timestamp(first), rows.from_timestamp(until)
        self.span = span
        self.seconds = max(until - first, 1.0)
        self.gauges: dict[str, float] = {}
        self.total = Delta()
        for delta in self.by_start.values():
            self.total.add(delta)

    def requests(self) -> list[rows.RequestRow]:
        """Return a row for each method and route, the greatest total time first."""
        streams = self.total.of(kinds.STREAMS)
        found = []
        for (method, route), statuses in rows.grouped(self.total.of(kinds.REQUESTS), 2).items():
            times, failed = rows.times(statuses.values()), rows.count_failed(statuses)
            database, queries, pool = (
                rows.sum_extra(statuses.values(), position) / times.count for position in range(3)
            )
            row = rows.RequestRow(
                method=method,
                route=route,
                times=times,
                requests_per_second=times.count / self.seconds,
                statuses={key[2]: series.count for key, series in sorted(statuses.items())},
                failed=failed,
                error_rate=failed / times.count,
                queries=queries,
                database_time=database,
                pool_wait=pool,
                streams=rows.times([streams[method, route]]) if (method, route) in streams else None,
            )
            found.append(row)
        return sorted(found, key=lambda row: -row.times.total)

    def all_requests(self) -> rows.Times:
        """Return the times of all routes together."""
        return rows.times(self.total.of(kinds.REQUESTS).values())

    def queries(self) -> list[rows.QueryRow]:
        """Return a row for each statement and origin, the greatest total time first."""
        found = []
        for (origin, text), series in self.total.of(kinds.QUERIES).items():
            row_sum, with_rows, failed = series.extras
            slowest, at, example, route = series.worst or (0.0, 0.0, "", "")
            row = rows.QueryRow(
                id=fingerprint_id(text),
                fingerprint=text,
                origin=origin,
                times=rows.times([series]),
                failed=int(failed),
                rows=row_sum / with_rows if with_rows else None,
                routes=dict(sorted(series.routes.items(), key=lambda item: -item[1])),
                slowest=slowest,
                slowest_at=rows.from_timestamp(at),
                slowest_route=route,
                slowest_example=example or text,
            )
            found.append(row)
        return sorted(found, key=lambda row: -row.times.total)

    def suspects(self) -> list[rows.Suspect]:
        """Return the statements that look like N+1, the worst first."""
        found = []
        for (route, text), series in self.total.of(kinds.REPEATS).items():
            count, at = series.worst or (0, 0.0)
            at = rows.from_timestamp(at)
            found.append(rows.Suspect(route, fingerprint_id(text), text, series.count, int(count), at))
        return sorted(found, key=lambda row: -row.worst_count)

    def caches(self) -> list[rows.CacheRow]:
        """Return a row for each cache namespace, by name."""
        return sorted(rows.caches(self.total), key=lambda row: row.namespace)

    def pool(self) -> rows.Times:
        """Return the times of waits for a connection of the pool."""
        return rows.times(self.total.of(kinds.POOL).values())

    def slow_requests(self) -> list[rows.SlowEvent]:
        """Return the slowest of the requests over `SLOW_REQUEST_MS`."""
        return self._events("slow_requests")

    def failed_requests(self) -> list[rows.SlowEvent]:
        """Return requests that were answered 5xx, the newest first."""
        return sorted(self._events("failed_requests"), key=lambda event: event.at, reverse=True)

    def slow_queries(self) -> list[rows.SlowEvent]:
        """Return the slowest of the statements over `SLOW_QUERY_MS`."""
        return self._events("slow_queries")

    def _events(self, name: str) -> list[rows.SlowEvent]:
        events = self.total.events.get(name, [])
        return [rows.SlowEvent(rows.from_timestamp(at), seconds, details) for seconds, at, details in events]

    def history(self) -> list[HistoryPoint]:
        """Return the minutes or hours that have requests, the oldest first."""
        until = self.until.timestamp()
        return [
            HistoryPoint(
                rows.from_timestamp(start),
                min(float(self.span), until - start),
                rows.times(delta.of(kinds.REQUESTS).values()),
                rows.count_failed(delta.of(kinds.REQUESTS)),
            )
            for start, delta in self.by_start.items()
            if delta.of(kinds.REQUESTS)
        ]


def load(since: datetime | None = None, until: datetime | None = None) -> Figures:
    """Merge the figures of all workers from `since` (default: an hour ago) until `until` (default: now).

    Figures that other workers have not flushed yet are missing. Raises what the store raises.
    """
    now = timezone.now()
    end = min(until or now, now)
    begin = min(max(since or now - BY_MINUTE, now - BY_HOUR), end)
    span = MINUTE if begin >= now - BY_MINUTE - timedelta(minutes=1) else HOUR
    first = int(begin.timestamp()) // span * span
    last = max((math.ceil(end.timestamp()) - 1) // span * span, first)  # what begins at the end is not in it
    starts = range(first, last + 1, span)
    with flushing.unflushed() as own:
        blocks = [(start, worker, Delta.decode(data)) for start, worker, data in store().read(span, starts)]
    by_start: dict[int, Delta] = {}
    for start, _, delta in [*blocks, *((minute - minute % span, "", delta) for minute, delta in own)]:
        if start in starts and (delta.kinds or delta.events):
            by_start.setdefault(start, Delta()).add(delta)
    figures = Figures(first, min(end.timestamp(), last + span), span, by_start)
    figures.gauges = _gauges(blocks)
    return figures


def _gauges(blocks: list[tuple[int, str, Delta]]) -> dict[str, float]:
    """Return the sums of the workers' latest gauges."""
    latest: dict[str, dict[str, float]] = {}
    for _, worker, delta in blocks:  # the oldest first
        latest[worker] = delta.gauges
    latest[flushing.worker.name] = {**recorder.read_gauges(), "at": time.time()}
    total: dict[str, float] = {}
    oldest = time.time() - max(GAUGES_EXPIRE, 3 * settings.TIMING_INTERVAL)
    for gauges in latest.values():
        if gauges.get("at", 0) >= oldest:
            for name, value in gauges.items():
                if name != "at":
                    total[name] = total.get(name, 0) + value
    return total
