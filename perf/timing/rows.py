"""Rows of merged figures. Times are in seconds, rates from 0 to 1."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from typing import Any

from perf.timing import histogram, kinds
from perf.timing.deltas import Delta, PackedSeries
from perf.timing.kinds import Key


@dataclass(frozen=True, slots=True)
class Times:
    """A summary of durations. Percentiles are at most 2 % off; mean and percentiles are None when `count` is 0."""

    count: int
    total: float
    mean: float | None
    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class RequestRow:
    """The requests of a method and route.

    Times are time in the application; of a stream, to its first byte. `failed` counts responses with 5xx. `streams` are
    the times to the end of streams, None without streams. `queries`, `database_time` and `pool_wait` are means.
    """

    method: str
    route: str
    times: Times
    requests_per_second: float
    statuses: dict[str, int]
    failed: int
    error_rate: float
    queries: float
    database_time: float
    pool_wait: float
    streams: Times | None


@dataclass(frozen=True, slots=True)
class QueryRow:
    """The statements of one fingerprint and one origin.

    Origins are `request`, `background`, `command`, and `handover`, which is the flush of figures. `rows` is the mean
    number of rows, None when it is unknown. `routes` counts the statements by route.
    """

    id: str
    fingerprint: str
    origin: str
    times: Times
    failed: int
    rows: float | None
    routes: dict[str, int]
    slowest: float
    slowest_at: datetime
    slowest_route: str
    slowest_example: str


@dataclass(frozen=True, slots=True)
class Suspect:
    """A suspected N+1: requests of a route repeat a statement, up to `worst_count` times."""

    route: str
    id: str
    fingerprint: str
    requests: int
    worst_count: int
    worst_at: datetime


@dataclass(frozen=True, slots=True)
class CacheRow:
    """The lookups of a cache namespace."""

    namespace: str
    hits: int
    misses: int
    hit_rate: float
    times: Times


@dataclass(frozen=True, slots=True)
class SlowEvent:
    """A slow request or statement."""

    at: datetime
    duration: float
    details: dict[str, Any]


def times(series: Iterable[PackedSeries]) -> Times:
    """Summarize the durations of several series."""
    several = list(series)
    count, total = sum(one.count for one in several), sum(one.seconds for one in several)
    merged = reduce(histogram.merge, (one.buckets for one in several), histogram.EMPTY)
    p50, p95, p99 = (histogram.quantile(merged, share) for share in (0.5, 0.95, 0.99))
    return Times(count, total, total / count if count else None, p50, p95, p99)


def count_failed(requests: Mapping[Key, PackedSeries]) -> int:
    """Count the responses with 5xx in series of the kind `REQUESTS`."""
    return sum(series.count for (_, _, status), series in requests.items() if status >= "500")


def caches(delta: Delta) -> Iterator[CacheRow]:
    """Yield a row for each cache namespace."""
    for (namespace,), lookups in grouped(delta.of(kinds.CACHES), 1).items():
        by_result = {key[1]: series.count for key, series in lookups.items()}
        hits, misses = by_result.get("hit", 0), by_result.get("miss", 0)
        yield CacheRow(namespace, hits, misses, hits / (hits + misses), times(lookups.values()))


def from_timestamp(timestamp: float) -> datetime:
    """Return a timestamp as a time in UTC."""
    return datetime.fromtimestamp(timestamp, UTC)


def grouped(table: Mapping[Key, PackedSeries], parts: int) -> dict[Key, dict[Key, PackedSeries]]:
    """Group series by the first parts of their labels."""
    groups: dict[Key, dict[Key, PackedSeries]] = defaultdict(dict)
    for key, series in table.items():
        groups[key[:parts]][key] = series
    return groups


def sum_extra(series: Iterable[PackedSeries], position: int) -> float:
    """Return the sum of the extra that has this position in `Kind.extras`."""
    return float(sum(one.extras[position] for one in series))
