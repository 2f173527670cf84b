"""The database backend: Django's own, with our pool, and with the time that threads wait for it."""

import time
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base
from psycopg_pool import PoolTimeout, TooManyRequests

from perf.pool import waited
from perf.postgresql.pool import Pool, Unreachable


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's PostgreSQL with a pool that survives its server, and checkouts that are counted."""

    _connection_pools: dict[str, Pool]  # Django's, one for each alias

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

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Check a connection out of the pool, or make one where there is none."""
        if not self.pool:
            return super().get_new_connection(conn_params)
        begin = time.perf_counter()
        timed_out = refused = False
        try:
            return super().get_new_connection(conn_params)
        except (PoolTimeout, TooManyRequests):
            timed_out = True
            raise
        except Unreachable:
            refused = True
            raise
        finally:
            waited(time.perf_counter() - begin, timed_out=timed_out, refused=refused)
