"""The one HTTP client of the process: pooled connections, quick retries, answers that any thread may cut off."""

import atexit
import functools
import random
import threading
from collections.abc import Iterator
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx2
from django.conf import settings

from models_registry.providers.line import Backend, Line, current_line

# Every idle connection is looked at whenever one is taken or given back: 64 of them cost each call 0.7 ms, 32 half.
LIMITS = httpx2.Limits(max_connections=1_024, max_keepalive_connections=32, keepalive_expiry=60)
BACKOFF = (0.2, 0.6)  # seconds before the second and the third attempt, each ± 25 %
RETRIED = frozenset({500, 502, 503, 504, 529})  # 529 is Anthropic's "overloaded"
MAX_WHOLE_ANSWER = 50_000_000  # bytes


class Body(httpx2.SyncByteStream):
    """The body of an answer, with the line it comes over; `limit` is in bytes."""

    def __init__(self, body: httpx2.SyncByteStream, line: Line, limit: int | None) -> None:
        self._body = body
        self._line = line
        self._limit = limit
        self._reading = threading.Lock()
        self._released = False

    def __iter__(self) -> Iterator[bytes]:
        chunks, size = iter(self._body), 0
        while (chunk := self._next(chunks)) is not None:
            size += len(chunk)
            if self._limit is not None and size > self._limit:
                raise httpx2.DecodingError(f"The answer has more than {self._limit:,} bytes.")
            yield chunk

    def _next(self, chunks: Iterator[bytes]) -> bytes | None:
        with self._reading:
            return None if self._released else next(chunks, None)

    def close(self) -> None:
        """Give the connection back to the pool, or drop it when the body was not read to its end."""
        with (
            self._reading
        ):  # a socket must not be closed under a thread that reads it: its number may be another's next
            if not self._released:
                self._released = True
                self._line.let_go()
                self._body.close()

    def cut(self) -> None:
        """Close from any thread, waking the one that waits for more."""
        self._line.cut()
        self.close()


class HTTPClient(httpx2.Client):
    """Retries what is safe to retry and follows no redirect: a redirect would take the key elsewhere.

    The SDKs' own retries are off: they repeat timeouts of a minute, and sleep as long as a 429 says.
    """

    def send(self, request: httpx2.Request, *, stream: bool = False, **options: Any) -> httpx2.Response:
        """Send a request; only failures before the first byte of an answer's body are retried."""
        line = current_line()
        with line.used():
            response = self._send_patiently(request, line, **options)
        assert isinstance(response.stream, httpx2.SyncByteStream)  # noqa: S101 - narrows the type
        response.stream = Body(response.stream, line, None if stream else MAX_WHOLE_ANSWER)
        if not stream:
            response.read()
        return response

    def _send_patiently(self, request: httpx2.Request, line: Line, **options: Any) -> httpx2.Response:
        for pause in BACKOFF:
            try:
                response = super().send(request, stream=True, **options)
            except (httpx2.NetworkError, httpx2.RemoteProtocolError):
                if line.is_cut:
                    raise
            else:
                if response.status_code not in RETRIED or response.headers.get("x-should-retry") == "false":
                    return response
                response.close()
            if line.wait(pause * random.uniform(0.75, 1.25)):  # noqa: S311 - jitter, not a secret
                break
        return super().send(request, stream=True, **options)


_making = threading.Lock()


def http_client() -> HTTPClient:
    """Get the process's client, made at the first call: it reads the certificates, which takes 20 ms."""
    with _making:
        return _make_client()


@functools.cache
def _make_client() -> HTTPClient:
    # A cookie that one user's call was given must not go out with another's.
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    client = HTTPClient(limits=LIMITS, cookies=no_cookies, follow_redirects=False)
    # There is no public way to the backend that keeps proxies of the environment; what it does is tested.
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx2.HTTPTransport):
            transport._pool._network_backend = Backend()
    atexit.register(client.close)
    return client


def timeout() -> httpx2.Timeout:
    """Read the time limits of a call from the settings."""
    read = settings.PROVIDER_READ_TIMEOUT
    return httpx2.Timeout(connect=settings.PROVIDER_CONNECT_TIMEOUT, read=read, write=read, pool=read)
