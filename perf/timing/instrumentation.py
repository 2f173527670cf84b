"""Times every statement that runs through one of Django's cursors."""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

from perf.timing import recorder
from perf.timing.fingerprint import fingerprint_of
from perf.timing.request_stats import current_stats

logger = logging.getLogger("perf.slow_query")

MAX_LOGGED = 200  # characters of a slow statement


def install(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Add `measure` to a connection once; with a pool, Django signals `connection_created` at every checkout.

    It is inserted first, because `connection.execute_wrapper()` removes the last wrapper at the end of its block.
    """
    if measure not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, measure)


def measure(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Run a statement and record its duration. Raises what the statement raises; never reads `params`."""
    start = time.perf_counter()
    failed = True
    try:
        result = execute(sql, params, many, context)
        failed = False
        return result
    finally:
        _record(sql, time.perf_counter() - start, None if failed else context["cursor"])


def _record(sql: Any, seconds: float, cursor: Any) -> None:
    """Record a statement, and log it if it was slow; `cursor` is None for one that failed."""
    try:
        fingerprint = fingerprint_of(sql)
        rows: int | None = recorder.FAILED
        if cursor is not None:
            rows = cursor.cursor.rowcount  # of the driver's cursor: Django's wrapper takes ten times as long
            if rows is not None and rows < 0:
                rows = None  # SQLite does not know how many rows a SELECT has
        recorder.query(fingerprint, seconds, rows)
        if seconds * 1000 >= settings.SLOW_QUERY_MS:
            stats = current_stats.get()
            route = stats.route() if stats is not None else ""
            recorder.slow_query(fingerprint, seconds, route)
            sql = fingerprint.example[:MAX_LOGGED]
            logger.warning("slow query", extra={"duration": round(seconds, 4), "sql": sql, "route": route or None})
    except Exception as error:
        recorder.log_failure("recording a statement fails", error)
