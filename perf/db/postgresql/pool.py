"""A psycopg pool that notices at once when the server is lost, and reconnects by itself."""

import logging
import select
import threading
import time
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import psycopg
from psycopg_pool import ConnectionPool

from perf.db.connections import one_line

logger = logging.getLogger("perf.pool")

LOG_INTERVAL = 60.0  # seconds between log lines of an outage
# Seconds after its last use in which a connection that is still open is not asked: a server that ends one closes it.
# One that vanished without doing so is found by the statements that the connection carries (`NETWORK` of the settings).
TRUSTED = 1.0


class Unreachable(psycopg.OperationalError):
    """No connection of the pool is alive, and the last attempt to connect failed."""


class ConnectionsBlocked(psycopg.OperationalError):
    """A connection of the pool waited for a lock in vain; the others would wait for the same one."""


class Pool(ConnectionPool[psycopg.Connection[Any]]):
    """Drops all idle connections when one of them is dead, and refuses callers at once while the server is down.

    The pool of psycopg finds dead connections one by one, and lets each caller sleep 1, 2, 4 … s; while the server is
    down, callers wait until the timeout. Both occupy threads that others need. This pool also keeps trying to connect,
    at most 2 s apart, so that no request is needed to notice that the server is back.
    """

    def __init__(self, *, health_checks: bool, **options: Any) -> None:
        """Pass the options on to psycopg's pool; raises ValueError for impossible sizes.

        `lock_timeouts` holds the seconds of connections whose lock_timeout is not the configured one.
        """
        self.down = False
        self._down_reason = ""
        self._down_since = 0.0
        self._logged_at = float("-inf")
        self._state_lock = threading.Lock()
        self._live_connections: WeakSet[psycopg.Connection[Any]] = WeakSet()
        self._checked_out = 0
        self.lock_timeouts: WeakKeyDictionary[psycopg.Connection[Any], float] = WeakKeyDictionary()
        self._used_at: WeakKeyDictionary[psycopg.Connection[Any], float] = WeakKeyDictionary()
        super().__init__(check=self._check_or_drain if health_checks else None, **options)

    def getconn(self, timeout: float | None = None) -> psycopg.Connection[Any]:
        """Check out a working connection; raises Unreachable, ConnectionsBlocked, PoolTimeout or TooManyRequests."""
        if self.down:
            raise Unreachable(self._down_reason)
        conn = super().getconn(timeout)
        with self._state_lock:
            self._checked_out += 1
        return conn

    def putconn(self, conn: psycopg.Connection[Any]) -> None:
        """Return a connection."""
        with self._state_lock:
            self._checked_out -= 1
            self._used_at[conn] = time.monotonic()
        super().putconn(conn)

    def lock_timed_out(self) -> None:
        """Fail the threads that wait for a connection, because one of the pool waited for a lock in vain.

        They would wait for the same lock one after the other, each until its own timeout.
        """
        self._fail_waiting(ConnectionsBlocked("every connection waits for a lock"))

    def stats(self) -> dict[str, int]:
        """Return psycopg's statistics, and the number of connections that are checked out."""
        stats = self.get_stats()
        if self.closed:  # nothing has been opened yet
            stats["pool_size"] = 0
        return {**stats, "checked_out": self._checked_out}

    def reconnect_failed(self) -> None:
        """Start another series of attempts: psycopg's ends after `reconnect_timeout`."""
        if self.down:
            self.check()  # no connection is idle, so this only asks for one more
        super().reconnect_failed()

    def _check_or_drain(self, conn: psycopg.Connection[Any]) -> None:
        """Refuse a dead connection, and drain the others: what ended one has probably ended all of its age."""
        if time.monotonic() - self._used_at.get(conn, float("-inf")) < TRUSTED and _is_silent(conn):
            return
        try:
            self.check_connection(conn)
        except Exception:
            # Of several threads that find a dead connection at the same time, only the first has anything to drain.
            if conn._created_at > self._drained_at:
                self.drain()
            raise

    def _connect(self, timeout: float | None = None) -> psycopg.Connection[Any]:
        try:
            conn = super()._connect(timeout)
        except Exception as error:
            self._connect_failed(error)
            raise
        with self._state_lock:
            self._live_connections.add(conn)
            was_down, self.down = self.down, False
            if was_down:
                self._logged_at = float("-inf")
        if was_down:
            logger.warning(
                "the database answers again", extra={"seconds": round(time.monotonic() - self._down_since, 1)}
            )
        return conn

    def _connect_failed(self, error: Exception) -> None:
        """Go down if no connection is alive, and fail the threads that wait for one.

        A server that only refuses further connections is not down.
        """
        reason = one_line(error)
        with self._state_lock:
            alive = sum(not conn.closed for conn in self._live_connections)
            now = time.monotonic()
            if not alive:
                if not self.down:
                    self._down_since = now
                self.down, self._down_reason = True, reason
            must_log = now - self._logged_at >= LOG_INTERVAL
            if must_log:
                self._logged_at = now
        if must_log:
            logger.warning("no connection to the database can be made", extra={"error": reason, "alive": alive})
        if not alive:
            self._fail_waiting(Unreachable(reason))

    def _fail_waiting(self, error: psycopg.OperationalError) -> None:
        with self._lock:
            waiting = list(self._waiting)
            self._waiting.clear()
        for client in waiting:
            client.fail(error)


def _is_silent(conn: psycopg.Connection[Any]) -> bool:
    """Tell whether nothing has arrived on an idle connection: neither the server's last words nor the end."""
    if not hasattr(select, "poll"):  # Windows
        return False
    poll = select.poll()
    poll.register(conn.fileno(), select.POLLIN)
    return not poll.poll(0)
