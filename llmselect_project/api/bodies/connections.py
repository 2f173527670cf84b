"""Closes the connection of an abandoned body, which the server would keep open for as long as the client likes.

The server does not say over which connection a request came, so this module finds out: it writes a probe of some number
of spaces after the response, and looks in the kernel's statistics of this process's connections for one that sent as
many bytes. Only one connection matches twice in a row. Linux only; elsewhere the connection stays until its client
closes it.
"""

import os
import random
import socket
import stat
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator

POLL_INTERVAL = 0.1  # seconds between looks at the statistics
SELF_CHECK_INTERVAL = 5.0  # seconds after which a thread checks by itself whether its connection is closed
CONFIRMATIONS = 2  # probes that must have gone through a connection
MAX_POLLS = 4  # looks until another probe is written
PROBE_SIZES = range(200, 1200)  # spaces

# `struct tcp_info` of linux/tcp.h, kernel 4.19 and later: offsets of the bytes not yet sent, sent, and resent.
_NOT_SENT_AT, _SENT_AT, _SIZE = 144, 200, 216
_OPEN = (1, 8)  # established; the client will send no more


class _Search:
    """The search for one connection: the current probe, and the connections that it may have gone through."""

    def __init__(self, *, chunked: bool, is_closed: Callable[[], bool]) -> None:
        self.is_closed = is_closed
        self.size = 0  # spaces of the probe; 0 before the first
        self.ready = threading.Event()  # there is a probe to write
        self.since: dict[int, int] = {}  # bytes written to each connection before the probe
        self._chunked = chunked
        self._polls = self._confirmed = 0
        self._candidates: set[int] = set()  # inodes

    def start_probe(self, size: int, now: dict[int, int]) -> None:
        """Have another probe written."""
        self.size, self.since, self._polls = size, now, 0
        self.ready.set()

    def evaluate(self, wrote: dict[int, set[int]]) -> bool:
        """Return whether it is time for another probe; `wrote` are inodes by the bytes written `since`."""
        framing = len(f"{self.size:x}") + 4 if self._chunked else 0
        found = wrote.get(self.size + framing, set())
        candidates = found & self._candidates if self._confirmed else found
        self._polls += 1
        if candidates:
            self._candidates, self._confirmed = candidates, self._confirmed + 1
        elif self._polls >= MAX_POLLS:
            self._confirmed = 0
        return bool(candidates) or self._polls >= MAX_POLLS

    @property
    def inode(self) -> int | None:
        """The connection, once it is confirmed."""
        return next(iter(self._candidates)) if self._confirmed >= CONFIRMATIONS and len(self._candidates) == 1 else None


class ConnectionCloser:
    """Finds and closes connections, in a thread that runs while there are searches."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._searches: set[_Search] = set()
        self._running = False

    def close(self, port: int, *, chunked: bool, is_closed: Callable[[], bool]) -> Iterator[bytes]:
        """Yield the probes to write to the connection to our `port` until `is_closed` returns true."""
        search = _Search(chunked=chunked, is_closed=is_closed)
        with self._lock:
            self._searches.add(search)
            if not self._running and sys.platform == "linux":
                self._running = True
                threading.Thread(target=self._run, args=(port,), name="connections", daemon=True).start()
        try:
            while not is_closed():
                # The shared thread polls for all: hundreds that poll would compete for the interpreter.
                if search.ready.wait(SELF_CHECK_INTERVAL) and not is_closed():
                    search.ready.clear()
                    yield b" " * search.size
        finally:
            with self._lock:
                self._searches.discard(search)

    def _run(self, port: int) -> None:
        while True:
            connections = {inode: (fd, written) for fd, inode, written in _connections(port)}
            now = {inode: written for inode, (_, written) in connections.items()}
            with self._lock:
                searches = list(self._searches)
                if not searches:
                    self._running = False
                    return
            differences: dict[int, dict[int, set[int]]] = {}
            sizes = iter(random.sample(PROBE_SIZES, len(PROBE_SIZES)))
            for search in searches:
                if search.is_closed():
                    search.ready.set()
                    continue
                if search.size:
                    since = id(search.since)  # probes of the same poll share it
                    if since not in differences:
                        differences[since] = _written(search.since, now)
                    if not search.evaluate(differences[since]):
                        continue
                if search.inode in connections:
                    _stop_reading(connections[search.inode][0], search.inode)
                search.start_probe(next(sizes, PROBE_SIZES.stop), now)
            time.sleep(POLL_INTERVAL)


def _written(before: dict[int, int], now: dict[int, int]) -> dict[int, set[int]]:
    """Group connections by the bytes that were written to them since."""
    grouped: dict[int, set[int]] = {}
    for inode, written in now.items():
        if inode in before and written > before[inode]:
            grouped.setdefault(written - before[inode], set()).add(inode)
    return grouped


def _connections(port: int) -> Iterator[tuple[int, int, int]]:
    """Yield descriptor, inode and bytes written of each connection to our port."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  # Path is slow for thousands of descriptors
        fd = int(name)
        try:
            status = os.fstat(fd)
            if not stat.S_ISSOCK(status.st_mode):
                continue
            with _borrowed(fd) as connection:
                info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _SIZE)
                if len(info) < _SIZE or info[0] not in _OPEN or connection.getsockname()[1] != port:
                    continue
        except OSError:  # not a TCP socket, or closed meanwhile
            continue
        sent, again = struct.unpack_from("=QQ", info, _SENT_AT)
        yield fd, status.st_ino, sent - again + struct.unpack_from("=I", info, _NOT_SENT_AT)[0]


def _borrowed(fd: int) -> socket.socket:
    """Make a socket from a copy of a descriptor, whatever its family. Raises OSError."""
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=os.dup(fd))


def _stop_reading(fd: int, inode: int) -> None:
    """Make the server see the end of the body, so that it closes the connection, unless the descriptor was reused."""
    try:
        with _borrowed(fd) as connection:
            if os.fstat(connection.fileno()).st_ino == inode:
                connection.shutdown(socket.SHUT_RD)
    except OSError:  # it is closed already
        return
