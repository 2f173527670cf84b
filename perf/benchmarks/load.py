"""A load generator that takes little of the machine it shares with the server: HTTP/1.1 over bare sockets."""

import multiprocessing
import re
import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from perf.benchmarks.answers import target_of

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CACHE = re.compile(rb"\r\nx-cache: *(\w+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
BODILESS = (204, 304)
LAST_CHUNK = b"0\r\n\r\n"
PATIENCE = 10.0  # seconds that are waited for answers under way
WAIT = 0.05  # seconds in which nothing need arrive until the clock is looked at


@dataclass(slots=True)
class LoadResult:
    """What a load saw: answers by status, `X-Cache` values, and the seconds each answer took; `failed` had none.

    `wrong` are answers that did not end as they had to. What was under way after `seconds` has been waited for: `late`
    answers, which are in none of the `times`, until `lasted` seconds were over.
    """

    seconds: float = 0.0
    lasted: float = 0.0
    late: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    caches: Counter[str] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    failed: int = 0
    wrong: int = 0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.times) / self.seconds

    @property
    def answers(self) -> int:
        """All answers, late ones included."""
        return len(self.times) + self.late

    @property
    def hit_rate(self) -> float:
        """The share of hits in the `X-Cache` values, in %."""
        return self.caches["hit"] / max(self.caches.total(), 1) * 100

    def errors(self, status: int = 200) -> int:
        """Count the requests that were not answered with this status, or did not end as they had to."""
        return self.failed + self.wrong + self.answers - self.statuses[status]


@dataclass(slots=True)
class _Client:
    """One connection, the number of its next request, and what has arrived of the answer to the last one."""

    socket: socket.socket
    turn: int
    sent_at: float = 0.0
    received: bytearray = field(default_factory=bytearray)
    status: int = 0  # 0 until the head is there
    head: bytes = b""
    size: int | None = None  # bytes of the whole answer; None for a chunked body

    def take(self, part: bytes) -> bool:
        """Add what has arrived; tells whether the answer is whole. Raises ConnectionError for one without an end."""
        self.received += part
        if not self.status:
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return False
            self.head, self.status = bytes(self.received[:end]), int(self.received[9:12])
            if self.status in BODILESS:
                self.size = 0
            elif length := _LENGTH.search(self.head):
                self.size = end + 4 + int(length[1])
            elif not _CHUNKED.search(self.head):
                raise ConnectionError("an answer without a length")
        if self.size is not None:
            return len(self.received) >= self.size
        # A chunk begins at the start of a line, so that a text that ends in 0 and a blank line is no end.
        return self.received.endswith(b"\r\n" + LAST_CHUNK)


def request(method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> bytes:
    """Write a request; the URL's host becomes its Host header, and a body is JSON."""
    lines = [f"{method} {target_of(url)} HTTP/1.1", f"Host: {urlsplit(url).netloc}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


@contextmanager
def generator() -> Iterator[Callable[..., LoadResult]]:
    """Keep a process for loads, and end it with the block; yields what runs `drive_here` there."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield lambda *arguments, **options: pool.submit(drive_here, *arguments, **options).result()


def drive(url: str, requests: Sequence[bytes], *, clients: int, seconds: float) -> LoadResult:
    """Send the requests round and round for so many seconds, each client one at a time, from another process."""
    with generator() as run:
        return run(url, requests, clients=clients, seconds=seconds)


def drive_here(
    url: str,
    requests: Sequence[bytes],
    *,
    clients: int,
    seconds: float,
    answers: int | None = None,
    ending: bytes = b"",
) -> LoadResult:
    """Do what `drive` does in this process.

    With `answers` it stops as soon as so many have come, and begins no more requests than those. An answer of status
    200 without the bytes `ending` near its end is counted as wrong.
    """
    return _Load(url, requests, answers, ending).run(clients, seconds)


class _Load:
    """One run: the connections, and what they saw."""

    def __init__(self, url: str, requests: Sequence[bytes], answers: int | None, ending: bytes) -> None:
        parts = urlsplit(url)
        self.address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.requests, self.ending = requests, ending
        self.left = answers
        self.over = False
        self.result = LoadResult()
        self.selector = selectors.DefaultSelector()

    def run(self, clients: int, seconds: float) -> LoadResult:
        """Drive until the time or the requests are over, and wait for what is under way then."""
        start = time.perf_counter()
        with self.selector:
            for number in range(clients):
                self._connect(number)
            self._until(start + seconds)
            self.result.seconds = time.perf_counter() - start
            self.left, self.over = 0, True
            self._until(time.perf_counter() + PATIENCE)
            self.result.lasted = time.perf_counter() - start
            for key in list(self.selector.get_map().values()):
                self.result.failed += 1
                key.data.socket.close()
        return self.result

    def _until(self, deadline: float) -> None:
        """Receive until this time, or until no connection is left."""
        while self.selector.get_map() and time.perf_counter() < deadline:
            for key, _ in self.selector.select(timeout=WAIT):
                self._receive(key.data)

    def _connect(self, turn: int) -> None:
        connection = socket.create_connection(self.address)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = _Client(connection, turn)
        self.selector.register(connection, selectors.EVENT_READ, client)
        self._send(client)

    def _send(self, client: _Client) -> None:
        """Send the client's next request, or let it go when there is none left."""
        if self.left == 0:
            self._drop(client)
            return
        if self.left is not None:
            self.left -= 1
        client.received, client.status, client.size = bytearray(), 0, None
        client.sent_at = time.perf_counter()
        client.socket.sendall(self.requests[client.turn % len(self.requests)])
        client.turn += 1

    def _receive(self, client: _Client) -> None:
        try:
            part = client.socket.recv(262_144)
            if not part:
                raise ConnectionError("closed by the server")
            if client.take(part):
                self._count(client)
                self._send(client)
        except OSError:
            self.result.failed += 1
            self._drop(client)
            self._connect(client.turn)

    def _drop(self, client: _Client) -> None:
        self.selector.unregister(client.socket)
        client.socket.close()

    def _count(self, client: _Client) -> None:
        result = self.result
        if self.over:
            result.late += 1
        else:
            result.times.append(time.perf_counter() - client.sent_at)
        result.statuses[client.status] += 1
        if found := _CACHE.search(client.head):
            result.caches[found[1].decode()] += 1
        if self.ending and client.status == 200 and self.ending not in client.received[-1000:]:
            result.wrong += 1
