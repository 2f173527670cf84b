"""The database backend: Django's own, with our pool, and with the time that threads wait for it."""

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

from perf.db.pool_waits import waited
from perf.db.postgresql.pool import Pool, SentAway, Unreachable
from perf.timing.recorder import is_serving
from perf.timing.request_stats import current_stats

UNNOTICED = 0.25  # seconds of waiting for the pool that count for nothing
LEAST_PATIENCE = 0.25  # seconds that anybody may wait for a lock


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's PostgreSQL with a pool that survives its server, and checkouts that are counted."""

    _connection_pools: dict[str, Pool]  # Django's, one for each alias

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute_wrappers.append(self._notice_locks)

    @property
    def pool(self) -> Pool | None:
        """The pool of this process, not opened before the first checkout; None where OPTIONS has none."""
        options = self.settings_dict["OPTIONS"].get("pool")
        if self.alias == NO_DB_ALIAS or not options:
            return None
        if self.alias not in self._connection_pools:
            try:
                made = Pool(
                    kwargs={**self.get_connection_params(), "autocommit": True},  # Django sets it as it needs it
                    open=False,
                    configure=self._configure_connection,  # type: ignore[attr-defined]  # the stubs lack it
                    health_checks=self.settings_dict["CONN_HEALTH_CHECKS"],
                    **options,
                )
            except ValueError as error:
                raise ImproperlyConfigured(f"The database pool cannot be made: {error}.") from error
            # Of several threads the first one's counts; none of them is open yet.
            self._connection_pools.setdefault(self.alias, made)
        return self._connection_pools[self.alias]

    def get_connection_params(self) -> dict[str, Any]:
        """Add the time limits of statements, in a process that serves requests: a migration may take its time.

        Not behind PgBouncer, which knows no `options` and gives the next transaction another server process.
        """
        params: dict[str, Any] = super().get_connection_params()
        if self._limits_locks():
            limits = {"lock_timeout": settings.DB_LOCK_TIMEOUT, "statement_timeout": settings.DB_STATEMENT_TIMEOUT}
            ours = " ".join(f"-c {name}={seconds * 1000:.0f}" for name, seconds in limits.items())
            params["options"] = f"{ours} {params.get('options', '')}".strip()  # what the URL says comes last and wins
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Check a connection out of the pool, or make one where there is none."""
        if not self.pool:
            return super().get_new_connection(conn_params)
        begin = time.perf_counter()
        timed_out = refused = False
        try:
            conn = super().get_new_connection(conn_params)
        except (PoolTimeout, TooManyRequests, SentAway):
            timed_out = True
            raise
        except Unreachable:
            refused = True
            raise
        finally:
            took = time.perf_counter() - begin
            waited(took, timed_out=timed_out, refused=refused)
        if self._limits_locks():
            self._share_patience(self.pool, conn, took)
        return conn

    def _limits_locks(self) -> bool:
        return is_serving() and not self.settings_dict.get("DISABLE_SERVER_SIDE_CURSORS")

    def _share_patience(self, pool: Pool, conn: Any, took: float) -> None:
        """Let who has waited for the pool wait for locks as much less: it is one patience for both.

        What a request waited for the pool before counts too. A connection is told only where that changes, so that the
        rule costs nothing while connections are free.
        """
        stats = current_stats.get()
        spent = stats.pool_seconds if stats is not None else took
        patience = float(settings.DB_LOCK_TIMEOUT)
        if patience and spent > UNNOTICED:
            patience = max(LEAST_PATIENCE, patience - spent)
        if pool.patience.get(conn, settings.DB_LOCK_TIMEOUT) != patience:
            conn.execute(f"SET lock_timeout = {patience * 1000:.0f}")
            pool.patience[conn] = patience

    def _notice_locks(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        """Tell the pool of a lock that did not become free in time, before the connection goes to the next thread."""
        try:
            return execute(sql, params, many, context)
        except OperationalError as error:
            if isinstance(error.__cause__, LockNotAvailable) and self.pool is not None:
                self.pool.lock_timed_out()
            raise
