"""Asking the database and the cache whether they answer."""

import secrets
from typing import Any

from django.core.cache import cache
from django.db import DatabaseError, connection


def database_health() -> dict[str, Any]:
    """Run one statement; pool figures are null where there is no pool."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            connected = cursor.fetchone() == (1,)
    except DatabaseError:
        connected = False
    return {"connected": connected, **_pool_figures()}


def cache_health() -> dict[str, Any]:
    """Write a value and read it back."""
    value = secrets.token_hex(8)
    try:
        cache.set("health", value, timeout=60)
        connected = cache.get("health") is not None
    except Exception:  # each backend has its own exceptions, and all of them mean no
        connected = False
    return {"connected": connected}


def _pool_figures() -> dict[str, int | None]:
    pool = getattr(connection, "pool", None)
    if pool is None:
        return {"pool_size": None, "checked_out": None}
    stats = pool.get_stats()
    return {"pool_size": stats["pool_size"], "checked_out": stats["pool_size"] - stats["pool_available"]}
