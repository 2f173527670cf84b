"""The server's parent and its workers watch each other: see docs/decisions/0018-supervision.md."""

import logging
import multiprocessing
import os
import secrets
import signal
import socket
import struct
import threading
import time
from typing import NamedTuple

logger = logging.getLogger("llmselect.supervision")

BEAT = 0.25  # seconds between a worker's signs of life
LOOK = 0.5  # seconds between the parent's looks at them
ADDRESS = "LLMSELECT_SUPERVISOR"  # variable of the environment by which workers find their parent

_ID = struct.Struct("!Q")


class Supervisor:
    """Hears the workers' signs of life, and kills a worker that has given none for `limit` seconds.

    Whoever started that worker sees it end and starts another. Only workers that were heard are watched, so a worker
    may take its time to start.
    """

    def __init__(self, limit: float) -> None:
        """Make the socket that workers report to; raises OSError when there is no loopback."""
        self._limit = limit
        self._secret = secrets.token_bytes(16)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._heard: dict[int, float] = {}  # by process id, in seconds of the monotonic clock

    def start(self) -> None:
        """Watch in a thread of its own, and let the workers that this process starts know."""
        os.environ[ADDRESS] = f"{os.getpid()}:{self._socket.getsockname()[1]}:{self._secret.hex()}"
        threading.Thread(target=self._watch, name="supervisor", daemon=True).start()

    def _watch(self) -> None:
        looked = time.monotonic()
        while True:
            self._listen(until=looked + LOOK)
            now = time.monotonic()
            # Time in which this process was suspended counts for nobody: the whole machine may have been.
            overslept = max(0.0, now - looked - LOOK)
            self._heard = {pid: heard + overslept for pid, heard in self._heard.items()}
            looked = now
            self._replace([pid for pid, heard in self._heard.items() if now - heard > self._limit])

    def _listen(self, until: float) -> None:
        while (left := until - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                message = self._socket.recv(64)
            except TimeoutError:
                return
            if secrets.compare_digest(message[_ID.size :], self._secret):
                self._heard[_ID.unpack_from(message)[0]] = time.monotonic()

    def _replace(self, silent: list[int]) -> None:
        for pid in silent:
            del self._heard[pid]
            # Only a child that still runs: the number of one that ended may be another process's.
            for child in multiprocessing.active_children():
                if child.pid == pid:
                    logger.error("a worker gave no sign of life", extra={"pid": pid, "seconds": self._limit})
                    child.kill()


class _Parent(NamedTuple):
    """Where a worker reports to."""

    pid: int
    port: int
    secret: bytes


def report(grace: float) -> None:
    """Give signs of life to the parent that started this worker, and end the worker once the parent has died.

    The end is that of SIGTERM: nothing new is accepted, and what runs has `grace` seconds. A process that no
    `Supervisor` started does nothing.
    """
    found = os.environ.get(ADDRESS, "").split(":")
    if len(found) == 3 and multiprocessing.parent_process() is not None:
        parent = _Parent(int(found[0]), int(found[1]), bytes.fromhex(found[2]))
        threading.Thread(target=_report, args=(parent, grace), name="supervision", daemon=True).start()


def _report(parent: _Parent, grace: float) -> None:
    """Beat for as long as the parent lives; as a thread it needs the interpreter, so one that hangs is noticed too."""
    beat = _ID.pack(os.getpid()) + parent.secret
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        while os.getppid() == parent.pid:
            try:
                sender.sendto(beat, ("127.0.0.1", parent.port))
            except OSError:  # a parent that is stopped reads nothing
                logger.debug("a sign of life could not be sent", exc_info=True)
            time.sleep(BEAT)
    logger.error("the server's parent process has died", extra={"pid": os.getpid()})
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace)  # which the parent would have kept
    os.kill(os.getpid(), signal.SIGKILL)
