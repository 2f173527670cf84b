"""Mutual supervision of the server's parent process and its workers: docs/decisions/0018-supervision.md."""

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

HEARTBEAT_INTERVAL = 0.25  # seconds between a worker's heartbeats
CHECK_INTERVAL = 0.5  # seconds between the parent's checks
ADDRESS = "LLMSELECT_SUPERVISOR"  # environment variable with which workers find their parent

_ID = struct.Struct("!Q")


class Supervisor:
    """Receives the heartbeats of workers, and kills a worker that has sent none for `limit` seconds.

    The server then starts another one. A worker is watched from its first heartbeat on, so its start may take long.
    """

    def __init__(self, limit: float) -> None:
        """Open the socket for heartbeats; raises OSError if there is no loopback interface."""
        self._limit = limit
        self._secret = secrets.token_bytes(16)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._last_heartbeats: dict[int, float] = {}  # by process id, in seconds of the monotonic clock

    def start(self) -> None:
        """Start to watch in a thread; workers that this process starts will find the socket."""
        os.environ[ADDRESS] = f"{os.getpid()}:{self._socket.getsockname()[1]}:{self._secret.hex()}"
        threading.Thread(target=self._watch, name="supervisor", daemon=True).start()

    def _watch(self) -> None:
        checked_at = time.monotonic()
        while True:
            self._listen(until=checked_at + CHECK_INTERVAL)
            now = time.monotonic()
            # The time in which this process was suspended does not count: the whole machine may have been.
            overslept = max(0.0, now - checked_at - CHECK_INTERVAL)
            self._last_heartbeats = {pid: last + overslept for pid, last in self._last_heartbeats.items()}
            checked_at = now
            self._kill([pid for pid, last in self._last_heartbeats.items() if now - last > self._limit])

    def _listen(self, until: float) -> None:
        while (left := until - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                message = self._socket.recv(64)
            except TimeoutError:
                return
            if secrets.compare_digest(message[_ID.size :], self._secret):
                self._last_heartbeats[_ID.unpack_from(message)[0]] = time.monotonic()

    def _kill(self, silent: list[int]) -> None:
        for pid in silent:
            del self._last_heartbeats[pid]
            # Only a running child: the id of one that ended may have been reused.
            for child in multiprocessing.active_children():
                if child.pid == pid:
                    logger.error("a worker sends no heartbeat", extra={"pid": pid, "seconds": self._limit})
                    child.kill()


class _Parent(NamedTuple):
    """The process and the socket that a worker reports to."""

    pid: int
    port: int
    secret: bytes


def report(grace: float) -> None:
    """Send heartbeats to the parent of this worker, and stop the worker once the parent has died.

    It stops as by SIGTERM: it accepts no new requests, and running ones have `grace` seconds. Does nothing in a process
    that was not started by a `Supervisor`.
    """
    found = os.environ.get(ADDRESS, "").split(":")
    if len(found) == 3 and multiprocessing.parent_process() is not None:
        parent = _Parent(int(found[0]), int(found[1]), bytes.fromhex(found[2]))
        threading.Thread(
            target=_report, args=(parent, grace, signal.getsignal(signal.SIGTERM)), name="supervision", daemon=True
        ).start()


def _report(parent: _Parent, grace: float, inherited: object) -> None:
    """Send heartbeats while the parent lives; this thread needs the interpreter, so a blocked one is noticed too.

    `inherited` is the handler of SIGTERM that the worker has until its server has started.
    """
    heartbeat = _ID.pack(os.getpid()) + parent.secret
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        while os.getppid() == parent.pid:
            try:
                sender.sendto(heartbeat, ("127.0.0.1", parent.port))
            except OSError:  # a suspended parent reads nothing
                logger.debug("a heartbeat could not be sent", exc_info=True)
            time.sleep(HEARTBEAT_INTERVAL)
    logger.error("the server's parent process has died", extra={"pid": os.getpid()})
    end = time.monotonic() + grace  # as the parent would have waited
    # A worker that is still starting has the handler of its parent, which stops nothing here.
    while signal.getsignal(signal.SIGTERM) is inherited and time.monotonic() < end:
        time.sleep(HEARTBEAT_INTERVAL)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(max(0.0, end - time.monotonic()))
    os.kill(os.getpid(), signal.SIGKILL)
