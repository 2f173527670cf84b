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

ROUND = 0.2  # seconds between two looks
SURE = 2  # rounds in which a connection was the one that wrote what was to be written
SPACES = range(200, 1200)  # of a mark

# `struct tcp_info` of linux/tcp.h, kernel 4.19 and later: where the bytes not yet sent, sent, and sent again are.
_NOT_SENT_AT, _SENT_AT, _SIZE = 144, 200, 216
_OPEN = (1, 8)  # established; the client will send no more


class _Mark:
    """What is written to one connection in a round, and which connections it may be."""

    def __init__(self, *, chunked: bool) -> None:
        self.size = 0  # spaces; 0 in the first round
        self.turn = threading.Event()
        self._chunked = chunked
        self._rounds = 0
        self._may_be: set[int] = set()  # inodes

    def judge(self, wrote: dict[int, set[int]]) -> int | None:
        """Return the inode of the connection once that is sure; `wrote` are inodes by the bytes of this round."""
        if not self.size:
            return None
        framing = len(f"{self.size:x}") + 4 if self._chunked else 0
        found = wrote.get(self.size + framing, set())
        self._may_be = self._may_be & found if self._rounds else found
        self._rounds = self._rounds + 1 if self._may_be else 0
        return next(iter(self._may_be)) if self._rounds >= SURE and len(self._may_be) == 1 else None


class Connections:
    """Finds and ends connections, a round after the other while there are some to be found."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._marks: set[_Mark] = set()
        self._running = False

    def end(self, port: int, *, chunked: bool, ended: Callable[[], bool]) -> Iterator[bytes]:
        """Yield what must be written to the connection to a port of ours until it has `ended`."""
        mark = _Mark(chunked=chunked)
        with self._lock:
            self._marks.add(mark)
            if not self._running and sys.platform == "linux":
                self._running = True
                threading.Thread(target=self._run, args=(port,), name="connections", daemon=True).start()
        try:
            while not ended():
                if mark.turn.wait(ROUND):
                    mark.turn.clear()
                    yield b" " * mark.size
        finally:
            with self._lock:
                self._marks.discard(mark)

    def _run(self, port: int) -> None:
        before: dict[int, int] = {}
        while True:
            now = {inode: (fd, written) for fd, inode, written in _connections(port)}
            wrote: dict[int, set[int]] = {}
            for inode, (_, written) in now.items():
                wrote.setdefault(written - before.get(inode, written), set()).add(inode)
            before = {inode: written for inode, (_, written) in now.items()}
            with self._lock:
                marks = list(self._marks)
                if not marks:
                    self._running = False
                    return
            for mark, size in zip(marks, _different(len(marks)), strict=False):
                if (sure := mark.judge(wrote)) is not None:
                    _stop_reading(now[sure][0], sure)
                mark.size = size
                mark.turn.set()
            time.sleep(ROUND)


def _different(count: int) -> list[int]:
    """Draw numbers of spaces for the marks of a round; those for whom there is none wait for the next."""
    return random.sample(SPACES, min(count, len(SPACES)))


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
