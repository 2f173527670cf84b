"""Ends the connection of a body that was given up, which the server keeps open for as long as its client likes.

The server does not say which connection a request came over, so that is found out by writing: after the answer come
spaces, each time another number of them, until the kernel's figures of this process's connections tell which one they
went through. Nothing else writes the same numbers of bytes in the same moments twice in a row. Linux only; elsewhere
such a connection ends when its client ends it.
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

LOOK = 0.1  # seconds between two looks
LONG = 5.0  # seconds after which a thread looks for itself whether its connection has ended
SURE = 2  # times that a connection was the one through which went what was to be written
PATIENCE = 4  # looks until something else is written
SPACES = range(200, 1200)  # of a mark

# `struct tcp_info` of linux/tcp.h, kernel 4.19 and later: where the bytes not yet sent, sent, and sent again are.
_NOT_SENT_AT, _SENT_AT, _SIZE = 144, 200, 216
_OPEN = (1, 8)  # established; the client will send no more


class _Mark:
    """What is to be written to one connection, and which ones it may be."""

    def __init__(self, *, chunked: bool, ended: Callable[[], bool]) -> None:
        self.ended = ended
        self.size = 0  # spaces to write; 0 at first
        self.turn = threading.Event()
        self.since: dict[int, int] = {}  # what had been written to each connection when `size` was drawn
        self._chunked = chunked
        self._looks = self._found = 0
        self._may_be: set[int] = set()  # inodes

    def draw(self, size: int, now: dict[int, int]) -> None:
        """Begin anew with another size."""
        self.size, self.since, self._looks = size, now, 0
        self.turn.set()

    def judge(self, wrote: dict[int, set[int]]) -> bool:
        """Tell whether it is time for another size; `wrote` are inodes by the bytes written `since`."""
        framing = len(f"{self.size:x}") + 4 if self._chunked else 0
        found = wrote.get(self.size + framing, set())
        may_be = found & self._may_be if self._found else found
        self._looks += 1
        if may_be:
            self._may_be, self._found = may_be, self._found + 1
        elif self._looks >= PATIENCE:
            self._found = 0
        return bool(may_be) or self._looks >= PATIENCE

    @property
    def inode(self) -> int | None:
        """The connection, once that is sure."""
        return next(iter(self._may_be)) if self._found >= SURE and len(self._may_be) == 1 else None


class Connections:
    """Finds and ends connections, looking again and again while there are some to be found."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._marks: set[_Mark] = set()
        self._running = False

    def end(self, port: int, *, chunked: bool, ended: Callable[[], bool]) -> Iterator[bytes]:
        """Yield what must be written to the connection to a port of ours until it has `ended`."""
        mark = _Mark(chunked=chunked, ended=ended)
        with self._lock:
            self._marks.add(mark)
            if not self._running and sys.platform == "linux":
                self._running = True
                threading.Thread(target=self._run, args=(port,), name="connections", daemon=True).start()
        try:
            while not ended():
                # Hundreds that look for themselves would do nothing but take turns at the interpreter.
                if mark.turn.wait(LONG) and not ended():
                    mark.turn.clear()
                    yield b" " * mark.size
        finally:
            with self._lock:
                self._marks.discard(mark)

    def _run(self, port: int) -> None:
        while True:
            connections = {inode: (fd, written) for fd, inode, written in _connections(port)}
            now = {inode: written for inode, (_, written) in connections.items()}
            with self._lock:
                marks = list(self._marks)
                if not marks:
                    self._running = False
                    return
            differences: dict[int, dict[int, set[int]]] = {}
            sizes = iter(random.sample(SPACES, len(SPACES)))
            for mark in marks:
                if mark.ended():
                    mark.turn.set()
                    continue
                if mark.size:
                    since = id(mark.since)  # those that were drawn together share it
                    if since not in differences:
                        differences[since] = _written(mark.since, now)
                    if not mark.judge(differences[since]):
                        continue
                if mark.inode in connections:
                    _stop_reading(connections[mark.inode][0], mark.inode)
                mark.draw(next(sizes, SPACES.stop), now)
            time.sleep(LOOK)


def _written(before: dict[int, int], now: dict[int, int]) -> dict[int, set[int]]:
    """Sort connections by the bytes that were written to them since."""
    sorted_by: dict[int, set[int]] = {}
    for inode, written in now.items():
        if inode in before and written > before[inode]:
            sorted_by.setdefault(written - before[inode], set()).add(inode)
    return sorted_by


def _connections(port: int) -> Iterator[tuple[int, int, int]]:
    """Yield descriptor, inode and bytes written of each connection to a port of ours."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  # a thousand paths would be made to be thrown away
        fd = int(name)
        try:
            status = os.fstat(fd)
            if not stat.S_ISSOCK(status.st_mode):
                continue
            with _borrowed(fd) as connection:
                info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _SIZE)
                if len(info) < _SIZE or info[0] not in _OPEN or connection.getsockname()[1] != port:
                    continue
        except OSError:  # no socket of this kind, or closed meanwhile
            continue
        sent, again = struct.unpack_from("=QQ", info, _SENT_AT)
        yield fd, status.st_ino, sent - again + struct.unpack_from("=I", info, _NOT_SENT_AT)[0]


def _borrowed(fd: int) -> socket.socket:
    """Make a socket of a copy of a descriptor, of whatever family it is; raises OSError."""
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=os.dup(fd))


def _stop_reading(fd: int, inode: int) -> None:
    """Let the server see the end of what comes, and close the connection; not if the descriptor is another's by now."""
    try:
        with _borrowed(fd) as connection:
            if os.fstat(connection.fileno()).st_ino == inode:
                connection.shutdown(socket.SHUT_RD)
    except OSError:  # it ended by itself
        return
