"""Answers cache hits in front of Django.

A cached response passes authentication, middleware and REST framework each time, although none of them changes it. So
the finished response of a hit is remembered with the versions of the cache entries that made it: the account's state
and the list. It is sent again while all versions are current, for at most `MAX_AGE` seconds and not beyond the end of
the token, to a request that is the same in all that a response may depend on. Everything else goes to Django.
"""

import re
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings

from perf.caching.counts import counter
from perf.caching.namespace import are_current
from perf.caching.responses import Reusable
from perf.timing import recorder
from perf.timing.recorder import FinishedRequest
from perf.timing.request_stats import RequestStats
from perf.timing.request_timing import report_if_notable, server_timing

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# All of a request that a response may depend on; a test compares it with what the endpoints name in `Vary`.
DEPENDENCIES = (
    "PATH_INFO",
    "QUERY_STRING",
    "SCRIPT_NAME",
    "SERVER_NAME",
    "SERVER_PORT",
    "wsgi.url_scheme",
    "HTTP_HOST",
    "HTTP_AUTHORIZATION",
    "HTTP_X_API_KEY",
    "HTTP_COOKIE",
    "HTTP_ACCEPT",
    "HTTP_ACCEPT_ENCODING",
    "HTTP_IF_NONE_MATCH",
    "HTTP_ORIGIN",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PROTO",
)
MAX_AGE = 60.0  # seconds; then Django answers, which also checks what depends on the time
OVERHEAD = 2_000  # bytes that Python needs for a remembered response beside its body
# Headers that are made anew for each response.
OWN_HEADERS = frozenset({"x-request-id", "x-response-time", "server-timing"})
# A response with one of these is not the same for the next request.
UNREPEATABLE = ("set-cookie", "x-ratelimit-", "retry-after", "idempotency-")
ACCEPTED_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class _Response(NamedTuple):
    status: str
    headers: list[tuple[str, str]]
    body: bytes
    expires_at: float  # Unix time in seconds
    made_by: Reusable

    @property
    def size(self) -> int:
        """The bytes that remembering it takes, about."""
        return OVERHEAD + len(self.body)


class Front:
    """A WSGI application in front of Django's; it remembers at most `entries` responses of `size` bytes together."""

    def __init__(self, application: "WSGIApplication", *, entries: int, size: int) -> None:
        self.application, self.entries, self.size = application, entries, size
        self._lock = threading.Lock()
        self._responses: OrderedDict[tuple[Any, ...], _Response] = OrderedDict()
        self._bytes = 0

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request."""
        started = time.perf_counter()
        if (
            not self.entries
            or environ["REQUEST_METHOD"] != "GET"
            or environ.get("CONTENT_LENGTH") not in (None, "", "0")
            or "HTTP_TRANSFER_ENCODING" in environ
        ):
            return self.application(environ, start_response)
        key = tuple([environ.get(name) for name in DEPENDENCIES])
        known = self._responses.get(key)
        if known is not None and time.time() < known.expires_at and are_current(known.made_by.versions):
            return _send(known, environ, start_response, started)
        return self._ask_django(key, environ, start_response)

    def _ask_django(
        self, key: tuple[Any, ...], environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        begun: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            begun.extend((status, headers))
            return start_response(status, headers, *more)

        response = self.application(environ, start)
        made_by: Reusable | None = getattr(response, "reusable", None)
        if made_by is not None and begun and _is_repeatable(*begun):
            status, headers = begun
            kept = [(name, value) for name, value in headers if name.lower() not in OWN_HEADERS]
            until = min(time.time() + MAX_AGE, made_by.until or float("inf"))
            self._remember(key, _Response(status, kept, b"".join(response), until, made_by))
        else:
            self._forget(key)
        return response

    def _remember(self, key: tuple[Any, ...], response: _Response) -> None:
        self._forget(key)
        if response.size > self.size:
            return
        with self._lock:
            self._responses[key] = response
            self._bytes += response.size
            while len(self._responses) > self.entries or self._bytes > self.size:
                self._bytes -= self._responses.popitem(last=False)[1].size

    def _forget(self, key: tuple[Any, ...]) -> None:
        with self._lock:
            if (old := self._responses.pop(key, None)) is not None:
                self._bytes -= old.size


def in_front_of(application: "WSGIApplication") -> Front:
    """Wrap an application by the bounds that the settings give."""
    return Front(application, entries=settings.FRONT_CACHE_ENTRIES, size=settings.FRONT_CACHE_SIZE)


def _is_repeatable(status: str, headers: list[tuple[str, str]]) -> bool:
    return status[:3] in ("200", "304") and not any(name.lower().startswith(UNREPEATABLE) for name, _ in headers)


def _send(
    known: _Response, environ: "WSGIEnvironment", start_response: "StartResponse", started: float
) -> Iterable[bytes]:
    """Send a remembered response, and record the request as any other."""
    made_by = known.made_by
    given = environ.get("HTTP_X_REQUEST_ID", "")
    request_id = given if ACCEPTED_ID.fullmatch(given) else uuid.uuid4().hex
    stats = RequestStats(lambda: made_by.route)
    recorder.request_started(stats)
    seconds = time.perf_counter() - started
    for key in made_by.versions:
        counter.add(key.namespace, "hits")
        stats.lookups.append((key.namespace, "hit", seconds / len(made_by.versions)))
    headers = [*known.headers, ("X-Request-ID", request_id), ("X-Response-Time", f"{seconds:.3f}s")]
    if settings.DEBUG or made_by.is_staff:
        headers.append(("Server-Timing", server_timing(stats, seconds)))
    finished = FinishedRequest("GET", made_by.route, int(known.status[:3]), seconds)
    recorder.request_finished(stats, finished)
    report_if_notable(stats, finished, request_id=request_id, user_id=made_by.user_id)
    start_response(known.status, headers)
    return [known.body]
