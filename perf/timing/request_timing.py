"""Times one request, from its arrival to its last byte."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.http.response import FileResponse
from django.utils.functional import LazyObject, empty

from perf.serving.logs import request_id
from perf.timing import recorder
from perf.timing.kinds import UNMATCHED
from perf.timing.recorder import FinishedRequest
from perf.timing.request_stats import PARTS, RequestStats, current_stats

logger = logging.getLogger("perf.slow_request")

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
STATIC = "(static)"  # the route of static files
FAILURE = 500  # the least status of a failure of the server
CLIENT_TIMEOUT = 408  # the client was slow
PATIENCE = 10  # times SLOW_REQUEST_MS, for routes that are slow on purpose

_slow_on_purpose: set[tuple[str, str]] = set()


def expect_slow(*requests: tuple[str, str]) -> None:
    """Let requests of these methods and routes take `PATIENCE` times as long as others before they count as slow."""
    _slow_on_purpose.update(requests)


class RequestTiming:
    """The timing of one request.

    Call `finish` when the response is ready, or `time_stream` if it is streamed; the stream then finishes itself.
    """

    def __init__(self, request: HttpRequest, request_id: str) -> None:
        self.request = request
        self.id = request_id
        self.stats = RequestStats(self._route)
        self._started = time.perf_counter()
        self._first_byte: float | None = None  # seconds
        self._finished = False

    @property
    def elapsed(self) -> float:
        """The seconds since the request arrived."""
        return time.perf_counter() - self._started

    def active(self) -> "_Active":
        """Return a context in which the statements, lookups and logs of this thread belong to the request."""
        return _Active(self)

    def time_stream(self, response: StreamingHttpResponse) -> None:
        """Time a streamed response to its first byte, and to its end, which is when the server closes it."""
        response.streaming_content = self._timed_chunks(iter(cast(Iterable[Any], response.streaming_content)))
        close: Callable[[], None] = response.close

        def timed_close() -> None:
            try:
                with self.active():
                    close()
            finally:
                self.finish(response.status_code, streamed=True)

        response.close = timed_close  # type: ignore[method-assign]  # called however a stream ends

    def _timed_chunks(self, chunks: Iterator[Any]) -> Iterator[Any]:
        while True:
            with self.active():
                try:
                    chunk = next(chunks)
                except StopIteration:
                    return
            if self._first_byte is None:
                self._first_byte = self.elapsed
                self.stats.answering = True
            yield chunk

    def finish(self, status: int, *, streamed: bool = False) -> None:
        """Record the request, keep what is known of a failed one, and log it if it was slow to its first byte.

        Further calls do nothing.
        """
        if self._finished:
            return
        self._finished = True
        total = self.elapsed
        seconds = total if self._first_byte is None else self._first_byte
        method = self.request.method if self.request.method in METHODS else "OTHER"
        finished = FinishedRequest(method, self._route(), status, seconds, total if streamed else None)
        recorder.request_finished(self.stats, finished)
        report_if_notable(self.stats, finished, request_id=self.id, user_id=getattr(self.loaded_user(), "pk", None))

    def loaded_user(self) -> Any:
        """Return the user if the request has loaded it, else None; never runs a query."""
        user = getattr(self.request, "user", None)
        if isinstance(user, LazyObject) and user.__dict__.get("_wrapped", empty) is empty:
            return None
        return user

    def _route(self) -> str:
        """Return the URL pattern; one that starts with `^` is a catch-all, whose paths share `UNMATCHED`."""
        match = self.request.resolver_match
        if match is not None:
            return match.route if match.route and not match.route.startswith("^") else UNMATCHED
        return STATIC if self.request.path_info.startswith(settings.STATIC_URL) else UNMATCHED


def report_if_notable(stats: RequestStats, finished: FinishedRequest, *, request_id: str, user_id: Any) -> None:
    """Keep what is known of a request that failed, or that was slow to its first byte, and log a slow one."""
    patience = PATIENCE if (finished.method, finished.route) in _slow_on_purpose else 1
    slow = finished.seconds * 1000 >= settings.SLOW_REQUEST_MS * patience and finished.status != CLIENT_TIMEOUT
    if not slow and finished.status < FAILURE:
        return
    # The route, not the path: the description is without the request's content.
    details = {
        "method": finished.method,
        "route": finished.route,
        "status": finished.status,
        "duration": round(finished.seconds, 4),
        "user_id": user_id,
        "request_id": request_id,
    }
    if settings.TIMING:
        details |= {
            "query_count": stats.query_count,
            "database_time": round(stats.database_seconds, 4),
            "pool_wait": round(stats.pool_seconds, 4),
            **{part.name: round(stats.parts.get(part.name, 0.0), 4) for part in PARTS},
        }
    if finished.status >= FAILURE:
        recorder.failed_request(finished.seconds, details)
    if slow:
        recorder.slow_request(finished.seconds, details)
        logger.warning("slow request", extra=details)


def server_timing(stats: RequestStats, seconds: float) -> str:
    """Return the value of the header Server-Timing, in ms (https://www.w3.org/TR/server-timing/)."""
    cache_seconds = sum(each for _, _, each in stats.lookups)
    return (
        f"app;dur={seconds * 1000:.1f}, "
        f'db;dur={stats.database_seconds * 1000:.1f};desc="{stats.query_count} queries", '
        f'cache;dur={cache_seconds * 1000:.1f};desc="{len(stats.lookups)} lookups"'
    )


class _Active:
    """The context of `RequestTiming.active`; a class, since `@contextmanager` takes three times as long a chunk."""

    __slots__ = ("_timing", "_tokens")

    def __init__(self, timing: RequestTiming) -> None:
        self._timing = timing

    def __enter__(self) -> None:
        self._tokens = request_id.set(self._timing.id), current_stats.set(self._timing.stats)

    def __exit__(self, *_: object) -> None:
        request_id.reset(self._tokens[0])
        current_stats.reset(self._tokens[1])


def is_stream(response: HttpResponseBase) -> bool:
    """Return whether a response is produced while the server reads it; a file is not."""
    return isinstance(response, StreamingHttpResponse) and not isinstance(response, FileResponse)
