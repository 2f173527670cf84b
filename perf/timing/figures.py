"""Reading what all workers measured: `load(since)` merges it for a range of time."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from perf.timing import handover, kinds, recorder, rows
from perf.timing.deltas import Delta
from perf.timing.stores import HOUR, MINUTE, store

BY_MINUTE = timedelta(hours=1)  # how far back minutes are told apart
BY_HOUR = timedelta(days=7)  # how far back there is anything
LIVELY = 20.0  # seconds after which a worker that said nothing is taken for gone


@dataclass(frozen=True, slots=True)
class Point:
    """The requests of a minute or an hour; `seconds` is how much of it the figures are of."""

    start: datetime
    seconds: float
    times: rows.Times
    failed: int


class Figures:
    """What was measured in `seconds` from `since` to `until`, both rounded outwards to minutes or hours."""

    def __init__(self, since: float, until: float, span: int, by_start: dict[int, Delta]) -> None:
        self.by_start = dict(sorted(by_start.items()))
        begin = max(since, min(by_start, default=since))
        self.since, self.until = rows.moment(begin), rows.moment(until)
        self.span = span
        self.seconds = max(until - begin, 1.0)
        self.gauges: dict[str, float] = {}
        self.total = Delta()
        for delta in self.by_start.values():
            self.total.add(delta)

    def requests(self) -> list[rows.RequestRow]:
        """List the routes, those that took most time first."""
        return sorted(rows.requests(self.total, self.seconds), key=lambda row: -row.times.total)

    def all_requests(self) -> rows.Times:
        """Merge all routes."""
        return rows.times(self.total.of(kinds.REQUESTS).values())

    def queries(self) -> list[rows.QueryRow]:
        """List the shapes of statements, those that took most time first."""
        return sorted(rows.queries(self.total), key=lambda row: -row.times.total)

    def suspects(self) -> list[rows.Suspect]:
        """List what looks like N+1, the worst first."""
        return sorted(rows.suspects(self.total), key=lambda row: -row.worst_count)

    def caches(self) -> list[rows.CacheRow]:
        """List the cache namespaces by name."""
        return sorted(rows.caches(self.total), key=lambda row: row.namespace)

    def pool(self) -> rows.Times:
        """Tell how long connections were waited for."""
        return rows.times(self.total.of(kinds.POOL).values())

    def slow_requests(self) -> list[rows.Event]:
        """List the slowest requests of the range that took longer than the threshold."""
        return list(rows.events(self.total, "slow_requests"))

    def slow_queries(self) -> list[rows.Event]:
        """List the slowest statements of the range that took longer than the threshold."""
        return list(rows.events(self.total, "slow_queries"))

    def history(self) -> list[Point]:
        """List the minutes or hours that requests were answered in, the oldest first."""
        until = self.until.timestamp()
        return [
            Point(
                rows.moment(start),
                min(float(self.span), until - start),
                rows.times(delta.of(kinds.REQUESTS).values()),
                sum(packed[0] for key, packed in delta.of(kinds.REQUESTS).items() if key[2] >= "500"),
            )
            for start, delta in self.by_start.items()
            if delta.of(kinds.REQUESTS)
        ]


def load(since: datetime | None = None, until: datetime | None = None) -> Figures:
    """Merge the figures of all workers from `since` (an hour ago) until `until` (now).

    What this worker has not handed on yet is in it, others' last seconds are not. Raises what the store raises.
    """
    now = timezone.now()
    end = min(until or now, now)
    begin = min(max(since or now - BY_MINUTE, now - BY_HOUR), end)
    span = MINUTE if begin >= now - BY_MINUTE - timedelta(minutes=1) else HOUR
    first, last = (int(moment.timestamp()) // span * span for moment in (begin, end))
    starts = range(first, last + 1, span)
    with handover.not_stored() as own:
        blocks = [(start, worker, Delta.decoded(data)) for start, worker, data in store().read(span, starts)]
    by_start: dict[int, Delta] = {}
    for start, _, delta in [*blocks, *((minute - minute % span, "", delta) for minute, delta in own)]:
        if start in starts and (delta.kinds or delta.events):
            by_start.setdefault(start, Delta()).add(delta)
    figures = Figures(first, min(end.timestamp(), last + span), span, by_start)
    figures.gauges = _gauges(blocks)
    return figures


def _gauges(blocks: list[tuple[int, str, Delta]]) -> dict[str, float]:
    """Add up the figures of this moment of all workers that live."""
    latest: dict[str, dict[str, float]] = {}
    for _, worker, delta in blocks:  # the oldest first
        latest[worker] = delta.gauges
    latest[handover.worker.name] = {**recorder.gauges(), "at": time.time()}
    total: dict[str, float] = {}
    for seen in latest.values():
        if seen.get("at", 0) >= time.time() - max(LIVELY, 3 * settings.TIMING_INTERVAL):
            for name, value in seen.items():
                if name != "at":
                    total[name] = total.get(name, 0) + value
    return total
