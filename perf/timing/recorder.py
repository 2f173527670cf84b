"""Recording what requests, statements, caches and pools take; never raises into what it measures."""

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

from perf.timing import kinds
from perf.timing.deltas import Delta
from perf.timing.fingerprint import Shape
from perf.timing.rows import fingerprint_id
from perf.timing.series import Live
from perf.timing.tally import QUERIES_LIMIT, Lookup, Tally, current

logger = logging.getLogger("perf.timing")
suspicions = logging.getLogger("perf.n_plus_one")

REPEATED = 10  # times that a request sends one shape before it is suspected of N+1
FAILED = -1  # instead of a number of rows
LABEL_LIMIT = 100  # characters of a label that others choose

# Whose statements are measured, where it is no request's.
origin: ContextVar[str | None] = ContextVar("origin", default=None)
HANDOVER = "handover"  # our own statements; they alone are no reason to hand on again

# Figures of this moment by name, asked for whenever figures are handed on; summed over workers.
GAUGES: dict[str, Callable[[], float]] = {}

_lock = threading.Lock()
_reported = float("-inf")
Arguments = ParamSpec("Arguments")


@dataclass(slots=True)
class _State:
    live: Live
    running: set[Tally] = field(default_factory=set)  # of the requests in flight; a set is changed without the lock
    serving: bool = False
    act: Callable[[], None] = lambda: None


_state = _State(Live())


@dataclass(frozen=True, slots=True)
class Served:
    """A request that has ended: seconds to the last byte, or the first of a stream; and to the end of a stream."""

    method: str
    route: str
    status: int
    seconds: float
    streamed: float | None = None


def quietly(record: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Do nothing where timing is off, and log one line a minute instead of raising."""

    @wraps(record)
    def safe(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        if not settings.TIMING:
            return
        try:
            record(*args, **kwargs)
        except Exception as error:
            report("recording fails", error)

    return safe


def report(what: str, error: Exception) -> None:
    """Log that timing fails, one line a minute."""
    global _reported
    now = time.monotonic()
    if now - _reported >= 60:
        _reported = now
        logger.warning(what, extra={"error": repr(error)[:200]})


@quietly
def request_began(tally: Tally) -> None:
    """Count a request in flight."""
    _state.running.add(tally)


@quietly
def request_ended(tally: Tally, served: Served) -> None:
    """Take down a request and its statements."""
    _state.running.discard(tally)
    with _lock:
        series = _live().series(kinds.REQUESTS, (served.method, served.route, str(served.status)))
        series.add(served.seconds)
        extras = series.extras
        extras[0] += tally.database_seconds
        extras[1] += tally.query_count
        extras[2] += tally.pool_seconds
        if served.streamed is not None:
            _state.live.series(kinds.STREAMS, (served.method, served.route)).add(served.streamed)
        _take_queries(tally, served.route)
        _take_lookups(tally.lookups)
    if tally.query_count >= REPEATED:
        _suspect(tally, served.route)


@quietly
def slow_request(seconds: float, described: dict[str, Any]) -> None:
    """Keep a slow request among the slowest."""
    with _lock:
        _live().event("slow_requests", seconds, time.time(), described)


@quietly
def query(shape: Shape, seconds: float, rows: int | None) -> None:
    """Take down a statement; `rows` is None where unknown and `FAILED` for one that failed."""
    tally = current.get()
    if tally is None:
        where = origin.get() or ("background" if _state.serving else "command")
        with _lock:
            _add_query(_live(), where, where, (shape, seconds, rows))
        return
    tally.query_count += 1
    tally.database_seconds += seconds
    tally.queries.append((shape, seconds, rows))
    if len(tally.queries) >= QUERIES_LIMIT:
        with _lock:
            _take_queries(tally, tally.route())
        tally.forget_counted()


@quietly
def slow_query(shape: Shape, seconds: float, route: str) -> None:
    """Keep a slow statement among the slowest."""
    what = {"sql": shape.example[:200], "route": route, "id": fingerprint_id(shape.text)}
    with _lock:
        _live().event("slow_queries", seconds, time.time(), what)


@quietly
def cache_lookup(namespace: str, hit: bool, seconds: float) -> None:
    """Take down one lookup of a cache."""
    lookup = (namespace, "hit" if hit else "miss", seconds)
    if (tally := current.get()) is not None:
        tally.lookups.append(lookup)
        return
    with _lock:
        _live()
        _take_lookups([lookup])


@quietly
def pool_waited(seconds: float) -> None:
    """Take down how long a connection was waited for, which is not in the time of any statement."""
    if (tally := current.get()) is not None:
        tally.pool_seconds += seconds
    with _lock:
        _live().series(kinds.POOL, ("wait",)).add(seconds)


@quietly
def measured(kind: kinds.Kind, label: kinds.Key, seconds: float, extras: Sequence[float] = ()) -> None:
    """Take down one duration of a kind that an app registered, and the numbers that are added up beside it."""
    with _lock:
        series = _live().series(kind, tuple(part[:LABEL_LIMIT] for part in label))
        series.add(seconds)
        for position, number in enumerate(extras):
            series.extras[position] += number


def serve() -> None:
    """Say that this process serves requests."""
    _state.serving = True


def is_serving() -> bool:
    """Tell whether this process serves requests."""
    return _state.serving


def when_changed(act: Callable[[], None]) -> None:
    """Call `act` at the first thing that is taken down, and at the first after each time it was taken."""
    _state.act = act


def gauges() -> dict[str, float]:
    """Look at the figures of this moment; one that cannot be seen is left out."""
    seen: dict[str, float] = {"in_flight": len(_state.running)}
    for name, look in GAUGES.items():
        with suppress(Exception):
            seen[name] = look()
    return seen


def changed() -> bool:
    """Tell whether anything was taken down since it was last handed on."""
    return _state.live.changed


def taken() -> Delta:
    """Take what was taken down, and begin anew."""
    with _lock:
        live, _state.live = _state.live, Live()
    return live.moved()


def seen() -> Delta:
    """Copy what was taken down, which stays to be handed on."""
    with _lock:
        return _state.live.packed()


def begin_anew() -> None:
    """Forget everything, as a forked process must: what its parent measured the parent hands on."""
    global _lock, _reported
    _lock, _reported = threading.Lock(), float("-inf")
    _state.live, _state.running = Live(), set()


def _live() -> Live:
    """Return the series to change, under the lock; what is changed will be handed on."""
    live = _state.live
    if not live.changed and origin.get() != HANDOVER:
        live.changed = True
        _state.act()
    return live


def _take_queries(tally: Tally, route: str) -> None:
    live = _state.live
    for taken_down in tally.queries:
        _add_query(live, "request", route, taken_down)


def _take_lookups(lookups: Iterable[Lookup]) -> None:
    live = _state.live
    for namespace, outcome, seconds in lookups:
        live.series(kinds.CACHES, (namespace, outcome)).add(seconds)


def _add_query(live: Live, where: str, route: str, taken_down: tuple[Shape, float, int | None]) -> None:
    shape, seconds, rows = taken_down
    series = live.series(kinds.QUERIES, (where, shape.text))
    series.add(seconds)
    series.count_under(route)
    if rows == FAILED:
        series.extras[2] += 1
    elif rows is not None:
        series.extras[0] += rows
        series.extras[1] += 1
    if series.worst is None or seconds > series.worst[0]:
        example = "" if shape.example is shape.text else shape.example  # kept once
        series.worst = [seconds, time.time(), example, route]


def _suspect(tally: Tally, route: str) -> None:
    repeated = tally.most_repeated(REPEATED)
    if not repeated:
        return
    text, count = repeated[0]
    suspicions.warning("repeated query", extra={"route": route, "fingerprint": text, "count": count})
    with _lock:
        for text, count in repeated:
            series = _live().series(kinds.REPEATS, (route, text))
            series.add(0.0)
            if series.worst is None or count > series.worst[0]:
                series.worst = [count, time.time()]
