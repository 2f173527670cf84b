"""System checks of the database and its pool, and of the cache's address."""

import os
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError, InterfaceError

from perf.db.connections import unpooled_connection
from perf.db.sqlite3.files import readable_by_all

# Connections of a worker outside of its pool: health, undelivered invalidations, and the master process.
EXTRA_CONNECTIONS = 3


@register
def check_pool_sizes(**_: Any) -> list[CheckMessage]:
    """Refuse a pool whose minimum is above its maximum."""
    pool = settings.DATABASES["default"].get("OPTIONS", {}).get("pool")
    if not pool or pool["min_size"] <= pool["max_size"]:
        return []
    message = f"DB_POOL_MIN_SIZE is {pool['min_size']}, which is more than DB_POOL_MAX_SIZE ({pool['max_size']})."
    return [Error(message, hint="Lower the minimum or raise the maximum.", id="perf.E002")]


@register(Tags.database)
def check_pool_fits(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Refuse pools that together need more connections than the server allows."""
    return pool_errors(settings.SERVE_WORKERS) if databases else []


@register
def check_redis_url(**_: Any) -> list[CheckMessage]:
    """Refuse an invalid REDIS_URL; the message does not quote it, because it may contain a password."""
    if not settings.REDIS_URL or _is_redis_url(settings.REDIS_URL):
        return []
    hint = "It looks like redis://:password@host:6379/0 (rediss:// with TLS, unix:// for a socket)."
    return [Error("REDIS_URL cannot be read.", hint=hint, id="perf.E004")]


@register(Tags.database)
def check_time_limits(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Warn of a PgBouncer whose connections have no lock timeout; the one of our settings does not pass through it."""
    configured = settings.DATABASES["default"]
    if not databases or not configured.get("DISABLE_SERVER_SIDE_CURSORS") or not settings.DB_LOCK_TIMEOUT:
        return []
    plain = unpooled_connection()
    try:
        with plain.cursor() as cursor:
            cursor.execute("SELECT setting FROM pg_settings WHERE name = 'lock_timeout'")
            (milliseconds,) = cursor.fetchone()
    except (DatabaseError, InterfaceError):
        return []
    finally:
        plain.close()
    if milliseconds != "0":
        return []
    hint = "Set lock_timeout and statement_timeout in connect_query of PgBouncer; see docs/deployment.md."
    return [checks.Warning("Behind PgBouncer, requests wait for locks without a limit.", hint=hint, id="perf.W002")]


@register(Tags.database)
def check_files_are_private(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Warn of SQLite files that every user may read and that belong to another user, so that we cannot change them."""
    configured = settings.DATABASES["default"]
    if not databases or configured["ENGINE"] != "perf.db.sqlite3":
        return []
    foreign = [path for path in readable_by_all(str(configured["NAME"])) if os.geteuid() not in (0, path.stat().st_uid)]
    if not foreign:
        return []
    message = f"Every user of this machine may read {', '.join(map(str, foreign))}."
    return [checks.Warning(message, hint="The owner should run: chmod 600 FILE.", id="perf.W001")]


def _is_redis_url(url: str) -> bool:
    try:
        scheme, port = urlsplit(url).scheme, urlsplit(url).port
    except ValueError:  # a port that is no number
        return False
    return scheme == "unix" or (scheme in ("redis", "rediss") and port != 0)


def pool_errors(workers: int) -> list[CheckMessage]:
    """Return an error if the pools of this many workers need more connections than the database allows.

    Returns none if the database does not answer, and behind PgBouncer, which keeps to the server's limit itself.
    """
    configured = settings.DATABASES["default"]  # the settings of the connection may lack the pool
    pool = configured.get("OPTIONS", {}).get("pool")
    if not pool or configured.get("DISABLE_SERVER_SIDE_CURSORS"):
        return []
    needed, allowed = workers * (pool["max_size"] + EXTRA_CONNECTIONS), _allowed_connections()
    if allowed is None or needed <= allowed:
        return []
    message = (
        f"{workers} workers with DB_POOL_MAX_SIZE={pool['max_size']}, and {EXTRA_CONNECTIONS} more connections each, "
        f"need {needed} connections; the database allows {allowed}."
    )
    return [Error(message, hint="Lower DB_POOL_MAX_SIZE, or raise max_connections.", id="perf.E003")]


def _allowed_connections() -> int | None:
    """Return the number of connections that the server allows ordinary users; None if it does not answer."""
    plain = unpooled_connection()
    try:
        with plain.cursor() as cursor:
            cursor.execute(
                "SELECT sum(CASE name WHEN 'max_connections' THEN 1 ELSE -1 END * setting::int) FROM pg_settings "
                "WHERE name IN ('max_connections', 'superuser_reserved_connections', 'reserved_connections')"
            )
            return int(cursor.fetchone()[0])
    except (DatabaseError, InterfaceError):
        return None
    finally:
        plain.close()
