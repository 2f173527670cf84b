"""Timing one request: from its arrival to its last byte, with what it did on the way."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.http.response import FileResponse
from django.utils.functional import LazyObject, empty

from perf.timing import recorder
from perf.timing.kinds import UNMATCHED
from perf.timing.logs import request_id
from perf.timing.recorder import Served
from perf.timing.tally import Tally, current

logger = logging.getLogger("perf.slow_request")

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
STATIC = "(static)"
CLIENT_TIMEOUT = 408  # the client was slow


class RequestTiming:
    """What one request takes; `begun()`, then `ended()` once, or `streams()` instead."""

    def __init__(self, request: HttpRequest, given_id: str) -> None:
        self.request = request
        self.id = given_id
        self.tally = Tally(self._route)
        self._started = time.perf_counter()
        self._first: float | None = None
        self._ended = False

    @property
    def elapsed(self) -> float:
        """The seconds since it arrived."""
        return time.perf_counter() - self._started

    def working(self) -> "_Working":
        """Inside the returned context, what this thread does is done for this request."""
        return _Working(self)

    def streams(self, response: StreamingHttpResponse) -> None:
        """Time a response that is written while the server reads it; it ends when the server closes it."""
        response.streaming_content = self._pieces(iter(cast(Iterable[Any], response.streaming_content)))
        close: Callable[[], None] = response.close

        def closed() -> None:
            try:
                with self.working():
                    close()
            finally:
                self.ended(response.status_code, streamed=True)

        response.close = closed  # type: ignore[method-assign]  # the one place where every stream ends

    def _pieces(self, pieces: Iterator[Any]) -> Iterator[Any]:
        while True:
            with self.working():
                try:
                    piece = next(pieces)
                except StopIteration:
                    return
            if self._first is None:
                self._first = self.elapsed
            yield piece

    def ended(self, status: int, *, streamed: bool = False) -> None:
        """Take it down once, and log it if it was slow; a stream counts as slow by its first byte."""
        if self._ended:
            return
        self._ended = True
        whole = self.elapsed
        seconds = whole if self._first is None else self._first
        served = Served(_method(self.request), self._route(), status, seconds, whole if streamed else None)
        recorder.request_ended(self.tally, served)
        if seconds * 1000 >= settings.SLOW_REQUEST_MS and status != CLIENT_TIMEOUT:
            described = self._described(served)
            recorder.slow_request(seconds, described)
            logger.warning("slow request", extra=described)

    def server_timing(self) -> str:
        """Write the header of that name (https://www.w3.org/TR/server-timing/), in ms."""
        tally = self.tally
        cache_seconds = sum(seconds for _, _, seconds in tally.lookups)
        return (
            f"app;dur={self.elapsed * 1000:.1f}, "
            f'db;dur={tally.database_seconds * 1000:.1f};desc="{tally.query_count} queries", '
            f'cache;dur={cache_seconds * 1000:.1f};desc="{len(tally.lookups)} lookups"'
        )

    def known_user(self) -> Any:
        """Return the user if the request loaded one; looking must not cost a query."""
        user = getattr(self.request, "user", None)
        if isinstance(user, LazyObject) and user.__dict__.get("_wrapped", empty) is empty:
            return None
        return user

    def _route(self) -> str:
        """Label by URL pattern; a pattern that begins by an anchor is a net for what the others left."""
        match = self.request.resolver_match
        if match is not None:
            return match.route if match.route and not match.route.startswith("^") else UNMATCHED
        return STATIC if self.request.path_info.startswith(settings.STATIC_URL) else UNMATCHED

    def _described(self, served: Served) -> dict[str, Any]:
        """Say which request it was without saying what was in it: the route, not the path."""
        described = {
            "method": served.method,
            "route": served.route,
            "status": served.status,
            "duration": round(served.seconds, 4),
            "user_id": getattr(self.known_user(), "pk", None),
            "request_id": self.id,
        }
        if settings.TIMING:
            described |= {
                "query_count": self.tally.query_count,
                "database_time": round(self.tally.database_seconds, 4),
                "pool_wait": round(self.tally.pool_seconds, 4),
            }
        return described


class _Working:
    """Written out, for a generator takes three times as long, and every chunk of a stream enters one."""

    __slots__ = ("_timing", "_tokens")

    def __init__(self, timing: RequestTiming) -> None:
        self._timing = timing

    def __enter__(self) -> None:
        self._tokens = request_id.set(self._timing.id), current.set(self._timing.tally)

    def __exit__(self, *_: object) -> None:
        request_id.reset(self._tokens[0])
        current.reset(self._tokens[1])


def is_stream(response: HttpResponseBase) -> bool:
    """Tell whether a response is written while it is read; a file is left to the server, which may send it itself."""
    return isinstance(response, StreamingHttpResponse) and not isinstance(response, FileResponse)


def _method(request: HttpRequest) -> str:
    return request.method if request.method in METHODS else "OTHER"
