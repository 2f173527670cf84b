"""What merged figures say, a row for each thing measured; times are seconds, rates 0 to 1."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from typing import Any

from perf.timing import histogram, kinds
from perf.timing.deltas import Delta, Packed
from perf.timing.kinds import Key


@dataclass(frozen=True, slots=True)
class Times:
    """How long something took: percentiles within 2 %, None of nothing."""

    count: int
    total: float
    mean: float | None
    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class RequestRow:
    """The requests of a route and method, in the application; a stream counts to its first byte.

    `failed` are those answered with 5xx. `streams` are times to the end of streams, None where there were none.
    """

    method: str
    route: str
    times: Times
    requests_per_second: float
    statuses: dict[str, int]
    failed: int
    error_rate: float
    queries: float  # a request
    database_time: float  # a request
    pool_wait: float  # a request
    streams: Times | None


@dataclass(frozen=True, slots=True)
class QueryRow:
    """The statements of one shape from one origin: `request`, `background`, `command` or `handover`.

    `id` is short and the same on every machine. `rows` is None where no statement told how many.
    """

    id: str
    fingerprint: str
    origin: str
    times: Times
    failed: int
    rows: float | None  # a statement
    routes: dict[str, int]
    slowest: float
    slowest_at: datetime
    slowest_route: str
    slowest_example: str


@dataclass(frozen=True, slots=True)
class Suspect:
    """A route that sends one shape again and again in a request."""

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
class Event:
    """Something slow, and what is known of it."""

    at: datetime
    duration: float
    what: dict[str, Any]


def fingerprint_id(text: str) -> str:
    """Name a fingerprint shortly."""
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=6).hexdigest()


def times(series: Iterable[Packed]) -> Times:
    """Merge series into one."""
    counted = list(series)
    count, total = sum(packed[0] for packed in counted), sum(packed[1] for packed in counted)
    merged = reduce(histogram.merge, ((packed[2], packed[3]) for packed in counted), histogram.EMPTY)
    p50, p95, p99 = (histogram.quantile(merged, share) for share in (0.5, 0.95, 0.99))
    return Times(count, total, total / count if count else None, p50, p95, p99)


def requests(delta: Delta, seconds: float) -> Iterator[RequestRow]:
    """Yield the routes of figures that took so many seconds to come together."""
    streams = delta.of(kinds.STREAMS)
    for (method, route), statuses in grouped(delta.of(kinds.REQUESTS), 2).items():
        taken = times(statuses.values())
        database, queries, pool = (summed(statuses.values(), position) / taken.count for position in range(3))
        failed = sum(packed[0] for (_, _, status), packed in statuses.items() if status >= "500")
        streamed = streams.get((method, route))
        yield RequestRow(
            method=method,
            route=route,
            times=taken,
            requests_per_second=taken.count / seconds,
            statuses={key[2]: packed[0] for key, packed in sorted(statuses.items())},
            failed=failed,
            error_rate=failed / taken.count,
            queries=queries,
            database_time=database,
            pool_wait=pool,
            streams=times([streamed]) if streamed else None,
        )


def queries(delta: Delta) -> Iterator[QueryRow]:
    """Yield the shapes of statements."""
    for (origin, text), packed in delta.of(kinds.QUERIES).items():
        rows, with_rows, failed = packed[4]
        slowest, at, example, route = packed[6]
        yield QueryRow(
            id=fingerprint_id(text),
            fingerprint=text,
            origin=origin,
            times=times([packed]),
            failed=int(failed),
            rows=rows / with_rows if with_rows else None,
            routes=dict(sorted(packed[5].items(), key=lambda item: -item[1])),
            slowest=slowest,
            slowest_at=moment(at),
            slowest_route=route,
            slowest_example=example or text,
        )


def suspects(delta: Delta) -> Iterator[Suspect]:
    """Yield what looks like N+1."""
    for (route, text), packed in delta.of(kinds.REPEATS).items():
        yield Suspect(route, fingerprint_id(text), text, packed[0], int(packed[6][0]), moment(packed[6][1]))


def caches(delta: Delta) -> Iterator[CacheRow]:
    """Yield the namespaces."""
    for (namespace,), lookups in grouped(delta.of(kinds.CACHES), 1).items():
        by_result = {key[1]: packed[0] for key, packed in lookups.items()}
        hits, misses = by_result.get("hit", 0), by_result.get("miss", 0)
        yield CacheRow(namespace, hits, misses, hits / (hits + misses), times(lookups.values()))


def events(delta: Delta, name: str) -> Iterator[Event]:
    """Yield the slowest of a name."""
    for seconds, at, what in delta.events.get(name, []):
        yield Event(moment(at), seconds, what)


def moment(at: float) -> datetime:
    """Read seconds since 1970."""
    return datetime.fromtimestamp(at, UTC)


def grouped(table: dict[Key, Packed], parts: int) -> dict[Key, dict[Key, Packed]]:
    """Group series by the first parts of their labels."""
    groups: dict[Key, dict[Key, Packed]] = defaultdict(dict)
    for key, packed in table.items():
        groups[key[:parts]][key] = packed
    return groups


def summed(series: Iterable[Packed], position: int) -> float:
    """Add up one of the `extras` of a kind."""
    return float(sum(packed[4][position] for packed in series))
