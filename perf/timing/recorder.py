"""Records how long requests, statements, cache lookups and pool waits take, in the memory of this process.

A function that records never raises: a bug in the timing must not fail a request.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ParamSpec

from django.conf import settings

from perf.serving.logs import request_id
from perf.timing import kinds
from perf.timing.deltas import Delta
from perf.timing.fingerprint import Fingerprint, fingerprint_id
from perf.timing.request_stats import MAX_QUERIES, Lookup, Query, RequestStats, current_stats
from perf.timing.series import LiveSeries

logger = logging.getLogger("perf.timing")
n_plus_one_logger = logging.getLogger("perf.n_plus_one")

N_PLUS_ONE_THRESHOLD = 10  # times that one request sends one statement
FAILED = -1  # the number of rows of a statement that failed
MAX_LABEL_LENGTH = 100  # characters of labels that apps choose

# The origin of statements outside of requests in this thread or task; None means the default of the process.
origin: ContextVar[str | None] = ContextVar("origin", default=None)
FLUSH_ORIGIN = "handover"  # of the flush's own statements, as the API shows it

# Functions by the name of the gauge that they read. All workers' values are summed; one that raises is left out.
GAUGES: dict[str, Callable[[], float]] = {}

_lock = threading.Lock()
_last_failure_log = float("-inf")
Arguments = ParamSpec("Arguments")


@dataclass(slots=True)
class _State:
    live: LiveSeries
    in_flight: set[RequestStats] = field(default_factory=set)  # needs no lock: adding and removing are atomic
    serving: bool = False
    on_change: Callable[[], None] = lambda: None


_state = _State(LiveSeries())


@dataclass(frozen=True, slots=True)
class FinishedRequest:
    """A finished request.

    `seconds` is the time to the last byte, or to the first byte of a stream. `stream_seconds` is the time to the end of
    a stream; None without a stream.
    """

    method: str
    route: str
    status: int
    seconds: float
    stream_seconds: float | None = None


def _guarded(record: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Make a function do nothing when timing is off, and log instead of raise."""

    @wraps(record)
    def guarded(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        if not settings.TIMING:
            return
        try:
            record(*args, **kwargs)
        except Exception as error:
            log_failure("recording fails", error)

    return guarded


def log_failure(message: str, error: Exception) -> None:
    """Log that timing fails, at most once a minute."""
    global _last_failure_log
    now = time.monotonic()
    if now - _last_failure_log >= 60:
        _last_failure_log = now
        logger.warning(message, extra={"error": repr(error)[:200]})


@_guarded
def request_started(stats: RequestStats) -> None:
    """Count a request as in flight."""
    _state.in_flight.add(stats)


@_guarded
def request_finished(stats: RequestStats, request: FinishedRequest) -> None:
    """Record a request with its statements and cache lookups, and log when it looks like N+1."""
    _state.in_flight.discard(stats)
    with _lock:
        live = _live()
        series = live.get(kinds.REQUESTS, (request.method, request.route, str(request.status)))
        series.add(request.seconds)
        extras = series.extras
        extras[0] += stats.database_seconds
        extras[1] += stats.query_count
        extras[2] += stats.pool_seconds
        if request.stream_seconds is not None:
            live.get(kinds.STREAMS, (request.method, request.route)).add(request.stream_seconds)
        _add_queries(live, "request", request.route, stats.queries)
        _add_lookups(live, stats.lookups)
    if stats.query_count >= N_PLUS_ONE_THRESHOLD and (repeated := stats.repeated_queries(N_PLUS_ONE_THRESHOLD)):
        text, count = repeated[0]
        extra = {"route": request.route, "fingerprint": text, "count": count}
        n_plus_one_logger.warning("repeated query", extra=extra)
        with _lock:
            for text, count in repeated:
                series = _live().get(kinds.REPEATS, (request.route, text))
                series.add(0.0)
                if series.worst is None or count > series.worst[0]:
                    series.worst = [count, time.time()]


@_guarded
def slow_request(seconds: float, details: dict[str, Any]) -> None:
    """Keep a request among the slowest; `details` must hold plain data."""
    with _lock:
        _live().add_event("slow_requests", seconds, time.time(), details)


@_guarded
def failed_request(seconds: float, details: dict[str, Any]) -> None:
    """Keep a request that was answered 5xx; `details` must hold plain data."""
    with _lock:
        _live().add_event("failed_requests", seconds, time.time(), details)


@_guarded
def query(fingerprint: Fingerprint, seconds: float, rows: int | None) -> None:
    """Record a statement; `rows` is None when unknown and `FAILED` when the statement failed."""
    stats = current_stats.get()
    if stats is None:
        where = origin.get() or ("background" if _state.serving else "command")
        with _lock:
            _add_queries(_live(), where, where, [(fingerprint, seconds, rows)])
        return
    stats.query_count += 1
    stats.database_seconds += seconds
    stats.queries.append((fingerprint, seconds, rows))
    if len(stats.queries) >= MAX_QUERIES:
        with _lock:
            _add_queries(_live(), "request", stats.route(), stats.queries)
        stats.discard_queries()


@_guarded
def slow_query(fingerprint: Fingerprint, seconds: float, route: str) -> None:
    """Keep a statement among the slowest."""
    details = {"sql": fingerprint.example[:200], "route": route, "id": fingerprint_id(fingerprint.text)}
    if (asked_by := request_id.get()) is not None:
        details["request_id"] = asked_by
    with _lock:
        _live().add_event("slow_queries", seconds, time.time(), details)


@_guarded
def cache_lookup(namespace: str, hit: bool, seconds: float) -> None:
    """Record a lookup in a cache."""
    lookup = (namespace, "hit" if hit else "miss", seconds)
    if (stats := current_stats.get()) is not None:
        stats.lookups.append(lookup)
        return
    with _lock:
        _add_lookups(_live(), [lookup])


@_guarded
def pool_wait(seconds: float) -> None:
    """Record a wait for a connection of the pool. It is no part of the time of a statement."""
    if (stats := current_stats.get()) is not None:
        stats.pool_seconds += seconds
    with _lock:
        _live().get(kinds.POOL, ("wait",)).add(seconds)


@_guarded
def record(kind: kinds.Kind, label: kinds.Key, seconds: float, extras: Sequence[float] = ()) -> None:
    """Record a duration of a kind that an app registered, and the numbers for the kind's `extras`."""
    with _lock:
        series = _live().get(kind, tuple(part[:MAX_LABEL_LENGTH] for part in label))
        series.add(seconds)
        for position, number in enumerate(extras):
            series.extras[position] += number


def serve() -> None:
    """Mark this process as a server."""
    _state.serving = True


def is_serving() -> bool:
    """Return whether this process is a server."""
    return _state.serving


def on_change(callback: Callable[[], None]) -> None:
    """Call `callback` at the first figure, and at the first after each `drain`; it runs under the recorder's lock."""
    _state.on_change = callback


def read_gauges() -> dict[str, float]:
    """Return the values of the gauges by name."""
    values: dict[str, float] = {"in_flight": len(_state.in_flight)}
    for name, read in GAUGES.items():
        with suppress(Exception):
            values[name] = read()
    return values


def changed() -> bool:
    """Return whether anything was recorded since the last `drain`, apart from the flush's own statements."""
    return _state.live.changed


def drain() -> Delta:
    """Return all figures and remove them from memory."""
    with _lock:
        live, _state.live = _state.live, LiveSeries()
    return live.drain()


def snapshot() -> Delta:
    """Return a copy of all figures."""
    with _lock:
        return _state.live.snapshot()


def reset() -> None:
    """Discard all figures, as a forked process must: they belong to its parent."""
    global _lock, _last_failure_log
    _lock, _last_failure_log = threading.Lock(), float("-inf")
    _state.live, _state.in_flight = LiveSeries(), set()


def _live() -> LiveSeries:
    """Return the series and mark them as changed; the caller holds the lock and changes them."""
    live = _state.live
    if not live.changed and origin.get() != FLUSH_ORIGIN:
        live.changed = True
        _state.on_change()
    return live


def _add_lookups(live: LiveSeries, lookups: Iterable[Lookup]) -> None:
    for namespace, result, seconds in lookups:
        live.get(kinds.CACHES, (namespace, result)).add(seconds)


def _add_queries(live: LiveSeries, where: str, route: str, queries: Iterable[Query]) -> None:
    for fingerprint, seconds, rows in queries:
        series = live.get(kinds.QUERIES, (where, fingerprint.text))
        series.add(seconds)
        series.count_route(route)
        if rows == FAILED:
            series.extras[2] += 1
        elif rows is not None:
            series.extras[0] += rows
            series.extras[1] += 1
        if series.worst is None or seconds > series.worst[0]:
            same = fingerprint.example is fingerprint.text
            series.worst = [seconds, time.time(), "" if same else fingerprint.example, route]
