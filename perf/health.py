"""Asking the database and the cache whether they answer, within a time limit, and what the pool is doing."""

import secrets
import time
from dataclasses import dataclass
from functools import cache as cache_forever
from typing import Any
from urllib.parse import quote

from django.core.cache import cache
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from perf.db import plain_connection, using
from perf.pool import waits
from perf.probe import Answer, Probe

_STARTED = time.monotonic()
_POOL_FIGURES = ("pool_size", "pool_min", "pool_max", "available", "checked_out", "waiting")
_WAIT_FIGURES = ("requests", "wait_time", "timeouts", "refused", "connection_errors")


@dataclass(frozen=True, slots=True)
class Health:
    """What was found: `database` and `cache` for people, `pending` migrations (None where nobody could say)."""

    database: dict[str, Any]
    cache: dict[str, Any]
    pending: list[str] | None

    @property
    def status(self) -> str:
        """`error` when the database does not answer; `degraded` when something else needs somebody to look.

        Pending migrations are the latter: a migration that only adds an index must not take every machine from
        the load balancer at once. A server does not start with one.
        """
        if not self.database["connected"]:
            return "error"
        return "ok" if self.cache["connected"] and self.cache["writable"] and not self.pending else "degraded"


def examine() -> Health:
    """Ask both at the same time; takes no longer than the limit of a probe, whatever hangs."""
    asked_database, asked_cache = _database.begin(), _cache.begin()
    database, found = asked_database(), asked_cache()
    return Health(
        database={
            "connected": "error" not in database,
            "latency": database.get("latency"),
            "error": database.get("error"),
            **pool_figures(),
        },
        cache={
            "connected": "error" not in found,
            "writable": found.get("writable", False),
            "latency": found.get("latency"),
            "error": found.get("error") or found.get("refusal"),
        },
        pending=database.get("pending"),
    )


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
    database = plain_connection()
    if database.vendor == "sqlite":
        # One that is missing must not be made, nor waited for as long as a request would.
        database.settings_dict["NAME"] = f"file:{quote(str(database.settings_dict['NAME']))}?mode=rw"
        database.settings_dict["OPTIONS"] = {"timeout": 1}
    else:
        database.settings_dict["OPTIONS"]["connect_timeout"] = 2  # the least that libpq keeps to
    try:
        with using(database):
            return {"pending": pending_migrations()}
    except Exception:
        if connection.settings_dict["OPTIONS"].get("pool") is None:
            raise
    try:
        return {"pending": pending_migrations()}
    finally:
        connection.close()


def _ask_cache() -> Answer:
    """Read, and write. A full Redis answers, and refuses to keep anything new."""
    cache.get("health")
    try:
        cache.set("health", secrets.token_hex(8), timeout=60)
        return {"writable": cache.get("health") is not None}
    except Exception as error:  # each backend has its own
        cache.get("health")  # raises when it is gone by now
        return {"writable": False, "refusal": str(error)}


_database, _cache = Probe(_ask_database), Probe(_ask_cache)
