"""Django's PostgreSQL backend with our pool, whose checkouts are timed."""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base
from django.db.utils import OperationalError
from psycopg.errors import LockNotAvailable
from psycopg_pool import PoolTimeout, TooManyRequests

from perf.db.pool_waits import record_checkout
from perf.db.postgresql.pool import ConnectionsBlocked, Pool, Unreachable
from perf.timing.recorder import is_serving
from perf.timing.request_stats import current_stats

IGNORED_WAIT = 0.25  # seconds of waiting for the pool that do not shorten the lock timeout
MIN_LOCK_TIMEOUT = 0.25  # seconds


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's PostgreSQL wrapper with a pool that survives a restart of its server."""

    _connection_pools: dict[str, Pool]  # Django's, one for each alias

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute_wrappers.append(self._report_lock_timeout)

    @property
    def pool(self) -> Pool | None:
        """The pool of this process, which the first checkout opens; None if OPTIONS has none.

        Raises ImproperlyConfigured for impossible sizes.
        """
        options = self.settings_dict["OPTIONS"].get("pool")
        if self.alias == NO_DB_ALIAS or not options:
            return None
        if self.alias not in self._connection_pools:
            try:
                pool = Pool(
                    kwargs={**self.get_connection_params(), "autocommit": True},  # Django sets it as it needs it
                    open=False,
                    configure=self._configure_connection,  # type: ignore[attr-defined]  # the stubs lack it
                    health_checks=self.settings_dict["CONN_HEALTH_CHECKS"],
                    **options,
                )
            except ValueError as error:
                raise ImproperlyConfigured(f"The database pool cannot be made: {error}.") from error
            # Of several threads the first one's pool is used; none of them is open yet.
            self._connection_pools.setdefault(self.alias, pool)
        return self._connection_pools[self.alias]

    def get_connection_params(self) -> dict[str, Any]:
        """Add the time limits of statements in a process that serves requests; commands like `migrate` have none.

        PgBouncer does not support `options`, and gives the next transaction another server process.
        """
        params: dict[str, Any] = super().get_connection_params()
        if self._limits_locks():
            limits = {"lock_timeout": settings.DB_LOCK_TIMEOUT, "statement_timeout": settings.DB_STATEMENT_TIMEOUT}
            ours = " ".join(f"-c {name}={seconds * 1000:.0f}" for name, seconds in limits.items())
            params["options"] = f"{ours} {params.get('options', '')}".strip()  # the URL's options come last and win
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Check a connection out of the pool; without a pool, make one. Raises what psycopg and the pool raise."""
        if not self.pool:
            return super().get_new_connection(conn_params)
        begin = time.perf_counter()
        timed_out = refused = False
        try:
            conn = super().get_new_connection(conn_params)
        except (PoolTimeout, TooManyRequests, ConnectionsBlocked):
            timed_out = True
            raise
        except Unreachable:
            refused = True
            raise
        finally:
            seconds = time.perf_counter() - begin
            record_checkout(seconds, timed_out=timed_out, refused=refused)
        if self._limits_locks():
            self._shorten_lock_timeout(self.pool, conn, seconds)
        return conn

    def _limits_locks(self) -> bool:
        return is_serving() and not self.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS")

    def _shorten_lock_timeout(self, pool: Pool, conn: Any, waited: float) -> None:
        """Deduct the time that the request has waited for the pool from the time that it may wait for locks.

        `waited` are the seconds of this checkout. The statement is sent only if the timeout of the connection changes,
        so it costs nothing while connections are free.
        """
        stats = current_stats.get()
        waited = stats.pool_seconds if stats is not None else waited
        timeout = float(settings.DB_LOCK_TIMEOUT)
        if timeout and waited > IGNORED_WAIT:
            timeout = max(MIN_LOCK_TIMEOUT, timeout - waited)
        if pool.lock_timeouts.get(conn, settings.DB_LOCK_TIMEOUT) != timeout:
            conn.execute(f"SET lock_timeout = {timeout * 1000:.0f}")
            pool.lock_timeouts[conn] = timeout

    def _report_lock_timeout(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        """Tell the pool about a lock timeout, before the connection goes to the next thread."""
        try:
            return execute(sql, params, many, context)
        except OperationalError as error:
            if isinstance(error.__cause__, LockNotAvailable) and self.pool is not None:
                self.pool.lock_timed_out()
            raise
