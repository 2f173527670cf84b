"""HTTP to providers: pooled connections, quick retries, answers that any thread may cancel."""

import atexit
import functools
import os
import random
import re
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import truststore
from django.conf import settings
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    SSLError,
)
from urllib3.exceptions import TimeoutError as HTTPTimeout
from urllib3.util import Url, make_headers, parse_url
from urllib3.util.ssltransport import SSLTransport

from models_registry.errors import MalformedAnswer
from models_registry.providers.asking import proxies
from models_registry.providers.cancellation import CancelToken, current_token

ORIGINS, KEPT_CONNECTIONS = 64, 32  # hosts that connections are kept to, idle connections to each
KEPT_SECONDS = 60.0
BACKOFF = (0.2, 0.6)  # seconds before the second and the third attempt, each ± 25 %
RETRIED = frozenset({500, 502, 503, 529})  # 529 is Anthropic's "overloaded"; 504 by PROVIDER_RETRY_504
IS_URL_RIGHT = "Is the provider's base URL right?"
MAX_WHOLE_ANSWER = 50_000_000  # bytes
READ_SIZE = 65_536  # bytes
LIST_TIMEOUT = 60.0  # seconds that a list of models may be silent: nobody thinks about it
# Connections are probed while they are silent, so that a machine that is gone is noticed before the read limit is over.
KEEPALIVE = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)] + [
    (socket.IPPROTO_TCP, getattr(socket, name), value)  # seconds at rest, seconds between probes, probes
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 6))
    if hasattr(socket, name)
]
HASHED_NAME = re.compile(r"[0-9a-f]{8}\.\d")  # of a certificate in a directory of them: man 1 c_rehash


class Connection(HTTPConnection):
    """A connection that its user's cancel token can end, and that is not used again after a minute at rest."""

    token: CancelToken | None = None
    used_at = 0.0

    @property
    def is_connected(self) -> bool:
        """Whether the pool may use this connection again; a firewall may have dropped an old one without a word."""
        return time.monotonic() - self.used_at < KEPT_SECONDS and super().is_connected

    def request(self, *arguments: Any, **options: Any) -> None:
        """Send a request under the current cancel token; raises urllib3's errors and OSError."""
        if self.is_closed:
            self.connect()
        plain = _socket(self)
        if self.token is not None:
            self.token.let_go(plain)
        self.token, self.used_at = current_token(), time.monotonic()
        self.token.hold(plain)
        self.timeout = settings.PROVIDER_READ_TIMEOUT  # urllib3 would send within the time for connecting
        super().request(*arguments, **options)

    def close(self) -> None:
        """Close; the token lets go first, because the socket's number may be another connection's next."""
        if self.token is not None and not self.is_closed:
            self.token.let_go(_socket(self))
        super().close()


class TLSConnection(Connection, HTTPSConnection):
    """The same over TLS."""


class Pool(HTTPConnectionPool):
    """Connections to one host."""

    ConnectionCls = Connection


class TLSPool(HTTPSConnectionPool):
    """TLS connections to one host."""

    ConnectionCls = TLSConnection


class Unreachable(HTTPError):
    """No connection to `address`, a host with the port that its URL names; `reason` is urllib3's error."""

    def __init__(self, address: str, reason: HTTPError) -> None:
        super().__init__(f"{address}: {reason}")
        self.address = address
        self.reason = reason


class Answer:
    """An answer of `address` whose head has arrived; iterate for its body as it comes, decoded."""

    def __init__(self, response: BaseHTTPResponse, token: CancelToken, address: str) -> None:
        self.address = address
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self.redirect = response.get_redirect_location() or ""
        self._response = response
        self._connection = response.connection
        self._token = token
        self._reading = threading.Lock()
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        """Yield the body as it arrives; raises MalformedAnswer for a web page, and urllib3's HTTPError."""
        response = self._response
        pieces = (
            response.read_chunked(READ_SIZE, decode_content=True)
            if response.chunked  # half as dear as read1
            else iter(lambda: response.read1(READ_SIZE, decode_content=True), b"")
        )
        begun = self.status >= 300  # an error may be a page
        while (piece := self._next(pieces)) is not None:
            if not begun and piece[:20].lstrip().startswith(b"<") and "html" in self.headers.get("content-type", ""):
                self.close()
                raise MalformedAnswer(f"{self.address} answered {self.status} with a web page. {IS_URL_RIGHT}")
            begun = True
            yield piece
        if isinstance(self._connection, Connection):
            self._connection.used_at = time.monotonic()
        self.close()

    def read(self) -> bytes:
        """Read the whole body; raises MalformedAnswer for one over `MAX_WHOLE_ANSWER`, and urllib3's HTTPError."""
        pieces, size = [], 0
        try:
            for piece in self:
                pieces.append(piece)
                size += len(piece)
                if size > MAX_WHOLE_ANSWER:
                    raise MalformedAnswer(f"The provider's answer has more than {MAX_WHOLE_ANSWER:,} bytes.")
        finally:
            self.close()
        return b"".join(pieces)

    def close(self) -> None:
        """Give the connection up: back to the pool after the body's end, dropped before it."""
        with self._reading:  # a socket must not be closed while another thread reads: its number may be reused
            if not self._closed:
                self._closed = True
                self._token.let_go()
                self._response.close()

    def cancel(self) -> None:
        """Close from any thread and wake the one that waits for more."""
        self._token.cancel()
        self.close()

    def _next(self, pieces: Iterator[bytes]) -> bytes | None:
        with self._reading:
            return None if self._closed else next(pieces, None)


def send(method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
    """Send a request to a provider; returns once the head of an answer is there, whatever its status.

    Failures before that are tried again, but for timeouts. No redirect is followed: it would take the key elsewhere.
    Raises urllib3's HTTPError, of which `Unreachable` is one, and UnicodeError.
    """
    parsed = _parsed(url)
    pools = _pools(url, parsed)
    if parsed.auth:  # a gateway's own login beats the key
        headers = {**headers, "Authorization": make_headers(basic_auth=parsed.auth)["authorization"]}
    address = parsed.netloc or str(parsed.host)
    try:
        return _send(pools, method, url, headers, body, address)
    except (ConnectTimeoutError, SSLError, ProxyError) as error:
        raise Unreachable(address, error) from error


def _send(
    pools: PoolManager, method: str, url: str, headers: Mapping[str, str], body: bytes | None, address: str
) -> Answer:
    token = current_token()
    patience = settings.PROVIDER_READ_TIMEOUT if method == "POST" else min(settings.PROVIDER_READ_TIMEOUT, LIST_TIMEOUT)
    limits = Timeout(connect=settings.PROVIDER_CONNECT_TIMEOUT, read=patience)
    options: dict[str, Any] = {"headers": headers, "body": body, "timeout": limits}
    options |= {"preload_content": False, "redirect": False, "retries": False}
    with token.active():
        for pause in BACKOFF:
            try:
                response = pools.urlopen(method, url, **options)
            except (NewConnectionError, ProtocolError) as error:
                if token.is_cancelled or timed_out(error):
                    raise
            else:
                is_retried = response.status in RETRIED or (response.status == 504 and settings.PROVIDER_RETRY_504)
                if not is_retried or response.headers.get("x-should-retry") == "false":
                    return Answer(response, token, address)
                response.close()
            if token.wait(pause * random.uniform(0.75, 1.25)):  # noqa: S311 - jitter, not a secret
                break
        return Answer(pools.urlopen(method, url, **options), token, address)


def timed_out(error: BaseException) -> bool:
    """Say whether one of urllib3's errors stands for a time limit that was exceeded."""
    if isinstance(error, NewConnectionError):  # a kind of timeout to urllib3
        return False
    return isinstance(error, HTTPTimeout) or any(isinstance(cause, TimeoutError) for cause in error.args)


def warm_up() -> None:
    """Find the certificates before the first call needs them."""
    tls_context()


@functools.cache
def tls_context() -> ssl.SSLContext:
    """Return the process's TLS settings, with OpenSSL's certificates (or SSL_CERT_FILE's) or the system's own."""
    if sys.platform in ("darwin", "win32"):
        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    paths = ssl.get_default_verify_paths()
    if (
        paths.openssl_cafile_env not in os.environ
        and paths.capath
        and any(HASHED_NAME.fullmatch(name) for name in os.listdir(paths.capath))  # noqa: PTH208
    ):
        # From a directory OpenSSL reads what it needs when it needs it; a file with all certificates takes it 20 ms.
        return ssl.create_default_context(capath=paths.capath)
    return ssl.create_default_context()


_parsed = functools.lru_cache(maxsize=256)(parse_url)


def _pools(url: str, parsed: Url) -> PoolManager:
    """Return the pools for a URL, behind the proxy that the environment names for its host."""
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise LocationValueError(f"{url} is no http:// or https:// URL.")
    return _manager(proxies.proxy_of(parsed.scheme, parsed.netloc or parsed.host))


_making = threading.Lock()


def _manager(proxy: str | None) -> PoolManager:
    with _making:
        return _make_manager(proxy)


@functools.cache
def _make_manager(proxy: str | None) -> PoolManager:
    options: dict[str, Any] = {"num_pools": ORIGINS, "maxsize": KEPT_CONNECTIONS, "ssl_context": tls_context()}
    options["socket_options"] = [*HTTPConnection.default_socket_options, *KEEPALIVE]
    if proxy is not None and proxy.lower().startswith("socks"):
        manager = proxies.socks_manager(proxy, options)
    else:
        manager = PoolManager(**options)
        if proxy is not None:
            manager = ProxyManager(proxy, proxy_headers=proxies.login(proxy), **options)
        manager.pool_classes_by_scheme = {"http": Pool, "https": TLSPool}
    atexit.register(manager.clear)
    return manager


def forget_connections() -> None:
    """Drop all idle connections and what was read from the environment."""
    with _making:
        for cache in (_make_manager, proxies.proxy_of, tls_context):
            cache.cache_clear()


def _socket(connection: HTTPConnection) -> socket.socket:
    """Return the socket underneath, also of TLS within the TLS of a proxy."""
    sock = connection.sock
    return sock.socket if isinstance(sock, SSLTransport) else sock
