"""Checks within a time limit whether the database and the cache answer, and reads the statistics of the pool."""

import secrets
import time
from dataclasses import dataclass
from functools import cache as cache_forever
from typing import Any
from urllib.parse import quote

from django.core.cache import cache
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from perf.db import failures
from perf.db.connections import unpooled_connection, using
from perf.db.pool_waits import checkout_stats
from perf.models import TimingBlock
from perf.serving.probe import Answer, Probe

LOCK_TIMEOUT = 0.5  # seconds that a probe waits for a lock
WRITE_PROBE_SPAN = 1  # of the row that is overwritten to see whether the database can be written

_STARTED = time.monotonic()
_POOL_STATS = (
    *("pool_size", "pool_min", "pool_max", "available", "checked_out", "waiting"),
    *("requests", "wait_time", "timeouts", "refused", "connection_errors"),
)


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the database and the cache, and the pending migrations (None if unknown)."""

    database: dict[str, Any]
    cache: dict[str, Any]
    pending: list[str] | None

    @property
    def status(self) -> str:
        """`error` if the database does not answer, `degraded` if anything else needs attention, else `ok`.

        A read-only database and pending migrations only degrade: a migration that adds an index must not take every
        machine from the load balancer at once. A server does not start with pending migrations.
        """
        if not self.database["connected"]:
            return "error"
        writable = self.database["writable"] and self.cache["writable"]
        return "ok" if writable and self.cache["connected"] and not self.pending else "degraded"


def examine(*, thorough: bool = False) -> Health:
    """Probe everything at the same time; takes at most `perf.serving.probe.LIMIT` seconds.

    Pending migrations are read once a minute, and waited for only if `thorough`, because a running migration locks
    their table. A write is tried every 10 s; writes of requests that failed meanwhile count too.
    """
    asked_database, asked_cache = _database.begin(), _cache.begin()
    asked_writes, asked_pending = _writes.begin(force=thorough), _pending.begin(force=thorough)
    database, found, written = asked_database(), asked_cache(), asked_writes()
    pending = asked_pending() if thorough else _pending.last()
    write_failure = written.get("error") or failures.last_write_failure()
    return Health(
        database={
            "connected": "error" not in database,
            "writable": "error" not in database and write_failure is None,
            "latency": database.get("latency"),
            "error": database.get("error") or write_failure,
            **pool_stats(),
        },
        cache={
            "connected": "error" not in found,
            "writable": found.get("writable", False),
            "latency": found.get("latency"),
            "error": found.get("error") or found.get("write_error"),
        },
        pending=pending.get("pending"),
    )


def reset() -> None:
    """Discard all results."""
    failures.reset()
    _writes.reset()
    _pending.reset()


def uptime() -> float:
    """Return the seconds since this process started."""
    return time.monotonic() - _STARTED


def pool_stats() -> dict[str, int | float | None]:
    """Return the statistics of this process's pool; all None without a pool.

    `wait_time` is the sum of the seconds of all `requests`. `timeouts` are the requests that got no connection in time,
    `refused` those made while the server was known to be down, `connection_errors` the failed attempts to connect.
    """
    pool = getattr(connection, "pool", None)
    if pool is None:
        return dict.fromkeys(_POOL_STATS)
    stats, checkouts = pool.stats(), checkout_stats()
    return {
        "pool_size": stats["pool_size"],
        "pool_min": stats["pool_min"],
        "pool_max": stats["pool_max"],
        "available": stats["pool_available"],
        "checked_out": stats["checked_out"],
        "waiting": stats["requests_waiting"],
        "requests": checkouts.requests,
        "wait_time": round(checkouts.seconds, 3),
        "timeouts": checkouts.timeouts,
        "refused": checkouts.refused,
        "connection_errors": stats.get("connections_errors", 0),
    }


def pending_migrations() -> list[str]:
    """Return the names of the migrations that `migrate` would apply. Raises what the database raises."""
    applied = MigrationRecorder(connection).applied_migrations()
    return [f"{app}.{name}" for app, name in _migrations() if (app, name) not in applied]


@cache_forever
def _migrations() -> list[tuple[str, str]]:
    """Return the app and name of each migration in the code."""
    return sorted(MigrationLoader(None).disk_migrations)


def _ask_database() -> Answer:
    """Ask over a connection of our own, which does not depend on a free one in the pool; then over the pool.

    A server that accepts no more connections still serves those of the pool.
    """
    try:
        with using(_own_connection()):
            return _select()
    except Exception:
        if connection.settings_dict["OPTIONS"].get("pool") is None:
            raise
    try:
        return _select()
    finally:
        connection.close()


def _select() -> Answer:
    with connection.cursor() as cursor:
        # SQLite answers a bare SELECT 1 without reading its file.
        cursor.execute("SELECT 1 FROM sqlite_master LIMIT 1" if connection.vendor == "sqlite" else "SELECT 1")
    return {}


def _ask_pending() -> Answer:
    with using(_own_connection()), transaction.atomic():
        _limit_time()
        return {"pending": pending_migrations()}


def _ask_writes() -> Answer:
    """Overwrite one row; an error of a busy or absent database does not show whether it can be written."""
    try:
        with using(_own_connection()), transaction.atomic():
            _limit_time()
            TimingBlock.objects.bulk_create(
                [TimingBlock(span=WRITE_PROBE_SPAN, start=0, worker="health", data=b"")],
                update_conflicts=True,
                unique_fields=["span", "start", "worker"],
                update_fields=["data"],
            )
    except Exception as error:
        if failures.cannot_write(error):
            raise
    return {}


def _own_connection() -> BaseDatabaseWrapper:
    """Make a connection that checkout_stats for less than a request would."""
    database = unpooled_connection()
    if database.vendor == "sqlite":
        # A missing file must not be created.
        database.settings_dict["NAME"] = f"file:{quote(str(database.settings_dict['NAME']))}?mode=rw"
        database.settings_dict["OPTIONS"] = {"timeout": LOCK_TIMEOUT}
    else:
        database.settings_dict["OPTIONS"]["connect_timeout"] = 2  # the minimum of libpq
    return database


def _limit_time() -> None:
    """Set time limits for the statements of this transaction, which works behind PgBouncer too."""
    if connection.vendor == "postgresql":
        milliseconds = f"{LOCK_TIMEOUT * 1000:.0f}"
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true)",
                [milliseconds, "2000"],
            )


def _ask_cache() -> Answer:
    """Read, write and delete a key. A Redis that is full or read-only still answers reads."""
    key = f"health:{secrets.token_hex(8)}"
    cache.get(key)
    try:
        cache.set(key, 1, timeout=60)
        stored = cache.get(key) is not None
        cache.delete(key)
    except Exception as error:  # each backend has its own
        cache.get(key)  # raises if the cache is gone
        return {"writable": False, "write_error": str(error)}
    return {"writable": stored}


_database, _cache = Probe(_ask_database), Probe(_ask_cache)
_writes, _pending = Probe(_ask_writes, max_age=10.0), Probe(_ask_pending, max_age=60.0)  # seconds
