"""A psycopg pool that notices at once when its server is gone, and by itself when it is back."""

import logging
import threading
import time
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import psycopg
from psycopg_pool import ConnectionPool

from perf.db.connections import sentence

logger = logging.getLogger("perf.pool")

REPORT = 60.0  # seconds between log lines of an outage


class Unreachable(psycopg.OperationalError):
    """No connection of the pool lives, and the last attempt to make one failed."""


class SentAway(psycopg.OperationalError):
    """All connections of the pool wait for a lock that did not become free in time."""


class Pool(ConnectionPool[psycopg.Connection[Any]]):
    """Drops all idle connections when one of them is found dead, and refuses callers at once while none can be made.

    The pool of psycopg finds dead connections one by one, letting each caller sleep 1, 2, 4 … s, and while the server
    is down each waits out the timeout; both hold threads that others need. Attempts to connect go on all the while, at
    most 2 s apart, so that no request is needed to find out that the server is back.
    """

    def __init__(self, *, health_checks: bool, **options: Any) -> None:
        """Take the options of psycopg's pool; raises ValueError for sizes that cannot be.

        `patience` is for whoever sets another lock_timeout than that of the options: seconds by connection.
        """
        self.down = False
        self._why = ""
        self._went_down = 0.0
        self._reported = float("-inf")
        self._knowing = threading.Lock()
        self._made: WeakSet[psycopg.Connection[Any]] = WeakSet()
        self._out = 0
        self.patience: WeakKeyDictionary[psycopg.Connection[Any], float] = WeakKeyDictionary()
        super().__init__(check=self._test if health_checks else None, **options)

    def getconn(self, timeout: float | None = None) -> psycopg.Connection[Any]:
        """Take a connection that works; raises Unreachable, PoolTimeout or TooManyRequests."""
        if self.down:
            raise Unreachable(self._why)
        conn = super().getconn(timeout)
        with self._knowing:
            self._out += 1
        return conn

    def putconn(self, conn: psycopg.Connection[Any]) -> None:
        """Give a connection back."""
        with self._knowing:
            self._out -= 1
        super().putconn(conn)

    def lock_timed_out(self) -> None:
        """Send away those who wait for a connection, after one of the pool waited for a lock in vain.

        They would only come to wait for the same lock, one after the other, each as long as this one did.
        """
        self._send_away(SentAway("every connection waits for a lock"))

    def figures(self) -> dict[str, int]:
        """Return psycopg's own figures, and how many connections are checked out at the moment."""
        figures = self.get_stats()
        if self.closed:  # nothing has been opened yet
            figures["pool_size"] = 0
        return {**figures, "checked_out": self._out}

    def reconnect_failed(self) -> None:
        """Begin the attempts anew: those of psycopg end after `reconnect_timeout`."""
        if self.down:
            self.check()  # none is idle, so all it does is to ask for one more connection
        super().reconnect_failed()

    def _test(self, conn: psycopg.Connection[Any]) -> None:
        """Refuse a dead connection, and distrust every other of its age: what ended one has mostly ended all."""
        try:
            self.check_connection(conn)
        except Exception:
            # Of many that find one dead at the same time only the first has anything to drop.
            if conn._created_at > self._drained_at:
                self.drain()
            raise

    def _connect(self, timeout: float | None = None) -> psycopg.Connection[Any]:
        try:
            conn = super()._connect(timeout)
        except Exception as error:
            self._failed(error)
            raise
        with self._knowing:
            self._made.add(conn)
            was_down, self.down = self.down, False
            if was_down:
                self._reported = float("-inf")
        if was_down:
            logger.warning(
                "the database answers again", extra={"seconds": round(time.monotonic() - self._went_down, 1)}
            )
        return conn

    def _failed(self, error: Exception) -> None:
        """Go down when nothing is left, and send away those who wait for a connection that nobody can make.

        A server that takes no more connections is not down as long as one of ours lives.
        """
        why = sentence(error)
        with self._knowing:
            alive = sum(not conn.closed for conn in self._made)
            now = time.monotonic()
            if not alive:
                if not self.down:
                    self._went_down = now
                self.down, self._why = True, why
            quiet = now - self._reported < REPORT
            if not quiet:
                self._reported = now
        if not quiet:
            logger.warning("no connection to the database can be made", extra={"error": why, "alive": alive})
        if not alive:
            self._send_away(Unreachable(self._why))

    def _send_away(self, error: psycopg.OperationalError) -> None:
        with self._lock:
            waiting = list(self._waiting)
            self._waiting.clear()
        for client in waiting:
            client.fail(error)
