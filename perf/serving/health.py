"""Asking the database and the cache whether they answer, within a time limit, and what the pool is doing."""

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
from perf.db.connections import plain_connection, using
from perf.db.pool_waits import waits
from perf.models import TimingBlock
from perf.serving.probe import Answer, Probe

LOCK_LIMIT = 0.5  # seconds that a probe waits for a lock
TRIED = 1  # the span of the row that is overwritten to see whether the database can be written

_STARTED = time.monotonic()
_POOL_FIGURES = ("pool_size", "pool_min", "pool_max", "available", "checked_out", "waiting")
_WAIT_FIGURES = ("requests", "wait_time", "timeouts", "refused", "connection_errors")


@dataclass(frozen=True, slots=True)
class Health:
    """What was found: `database` and `cache` for people, `pending` migrations (None where nobody knows)."""

    database: dict[str, Any]
    cache: dict[str, Any]
    pending: list[str] | None

    @property
    def status(self) -> str:
        """`error` when the database does not answer; `degraded` when something else needs somebody to look.

        The latter goes for a database that can only be read, and for pending migrations: one that only adds an index
        must not take every machine from the load balancer at once. A server does not start with one.
        """
        if not self.database["connected"]:
            return "error"
        writable = self.database["writable"] and self.cache["writable"]
        return "ok" if writable and self.cache["connected"] and not self.pending else "degraded"


def examine(*, thorough: bool = False) -> Health:
    """Ask all at the same time; takes no longer than the limit of a probe, whatever hangs.

    Which migrations are pending is looked up once a minute, and waited for only when `thorough`: their table is locked
    while one runs. Whether the database can be written is tried every 10 s, and told by what failed meanwhile.
    """
    asked_database, asked_cache = _database.begin(), _cache.begin()
    asked_writes, asked_pending = _writes.begin(anew=thorough), _pending.begin(anew=thorough)
    database, found, written = asked_database(), asked_cache(), asked_writes()
    pending = asked_pending() if thorough else _pending.last()
    refusal = written.get("error") or failures.refusal()
    return Health(
        database={
            "connected": "error" not in database,
            "writable": "error" not in database and refusal is None,
            "latency": database.get("latency"),
            "error": database.get("error") or refusal,
            **pool_figures(),
        },
        cache={
            "connected": "error" not in found,
            "writable": found.get("writable", False),
            "latency": found.get("latency"),
            "error": found.get("error") or found.get("refusal"),
        },
        pending=pending.get("pending"),
    )


def begin_anew() -> None:
    """Forget what was found out."""
    failures.forget()
    _writes.forget()
    _pending.forget()


def uptime() -> float:
    """Return for how many seconds this process has run."""
    return time.monotonic() - _STARTED


def pool_figures() -> dict[str, int | float | None]:
    """Return what the pool of this process holds and has done; all null where there is no pool.

    `wait_time` is in seconds, summed over all `requests`; `timeouts` waited in vain, `refused` came while the server
    was known to be down, `connection_errors` attempts to connect that failed.
    """
    pool = getattr(connection, "pool", None)
    if pool is None:
        return dict.fromkeys((*_POOL_FIGURES, *_WAIT_FIGURES))
    figures, counted = pool.figures(), waits()
    return {
        "pool_size": figures["pool_size"],
        "pool_min": figures["pool_min"],
        "pool_max": figures["pool_max"],
        "available": figures["pool_available"],
        "checked_out": figures["checked_out"],
        "waiting": figures["requests_waiting"],
        "requests": counted.requests,
        "wait_time": round(counted.seconds, 3),
        "timeouts": counted.timeouts,
        "refused": counted.refused,
        "connection_errors": figures.get("connections_errors", 0),
    }


def pending_migrations() -> list[str]:
    """Name what `migrate` would apply; raises what the database raises."""
    applied = MigrationRecorder(connection).applied_migrations()
    return [f"{app}.{name}" for app, name in _migrations() if (app, name) not in applied]


@cache_forever
def _migrations() -> list[tuple[str, str]]:
    """List the migrations that this code came with."""
    return sorted(MigrationLoader(None).disk_migrations)


def _ask_database() -> Answer:
    """Ask over a connection of our own, which no exhausted pool keeps us from; then over the pool.

    The second is for a server that takes no more connections, which still serves those of the pool.
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
        # SQLite would answer a bare SELECT 1 without a look at its file.
        cursor.execute("SELECT 1 FROM sqlite_master LIMIT 1" if connection.vendor == "sqlite" else "SELECT 1")
    return {}


def _ask_pending() -> Answer:
    with using(_own_connection()), transaction.atomic():
        _limit_time()
        return {"pending": pending_migrations()}


def _ask_writes() -> Answer:
    """Overwrite one row. A database that is busy or away says nothing about whether it can be written."""
    try:
        with using(_own_connection()), transaction.atomic():
            _limit_time()
            TimingBlock.objects.bulk_create(
                [TimingBlock(span=TRIED, start=0, worker="health", data=b"")],
                update_conflicts=True,
                unique_fields=["span", "start", "worker"],
                update_fields=["data"],
            )
    except Exception as error:
        if failures.cannot_write(error):
            raise
    return {}


def _own_connection() -> BaseDatabaseWrapper:
    """Make a connection that waits for less than a request would."""
    database = plain_connection()
    if database.vendor == "sqlite":
        # One that is missing must not be made.
        database.settings_dict["NAME"] = f"file:{quote(str(database.settings_dict['NAME']))}?mode=rw"
        database.settings_dict["OPTIONS"] = {"timeout": LOCK_LIMIT}
    else:
        database.settings_dict["OPTIONS"]["connect_timeout"] = 2  # the least that libpq keeps to
    return database


def _limit_time() -> None:
    """Let no statement of this transaction outlast a probe by much, also behind PgBouncer."""
    if connection.vendor == "postgresql":
        milliseconds = f"{LOCK_LIMIT * 1000:.0f}"
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true)",
                [milliseconds, "2000"],
            )


def _ask_cache() -> Answer:
    """Read, write and delete. A Redis that is full, or refuses to change anything, may answer all the same."""
    key = f"health:{secrets.token_hex(8)}"
    cache.get(key)
    try:
        cache.set(key, 1, timeout=60)
        kept = cache.get(key) is not None
        cache.delete(key)
    except Exception as error:  # each backend has its own
        cache.get(key)  # raises when it is gone by now
        return {"writable": False, "refusal": str(error)}
    return {"writable": kept}


_database, _cache = Probe(_ask_database), Probe(_ask_cache)
_writes, _pending = Probe(_ask_writes, keep=10.0), Probe(_ask_pending, keep=60.0)  # seconds
