"""Measuring every statement that goes through a cursor of Django's."""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

from perf.timing import recorder
from perf.timing.fingerprint import shape_of
from perf.timing.tally import current

logger = logging.getLogger("perf.slow_query")

LOGGED_LENGTH = 200  # characters of a slow statement


def install(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Measure a connection that was made, once: with a pool every checkout is reported as one.

    In front, because whoever wraps for a while takes the last one off again.
    """
    if measure not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, measure)


def measure(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Run a statement and take down what it took; `params` are passed on and looked at by nobody."""
    start = time.perf_counter()
    failed = True
    try:
        result = execute(sql, params, many, context)
        failed = False
        return result
    finally:
        _ended(sql, time.perf_counter() - start, None if failed else context["cursor"])


def _ended(sql: Any, seconds: float, cursor: Any) -> None:
    try:
        shape = shape_of(sql)
        recorder.query(shape, seconds, recorder.FAILED if cursor is None else _rows(cursor))
        if seconds * 1000 >= settings.SLOW_QUERY_MS:
            tally = current.get()
            route = tally.route() if tally is not None else ""
            recorder.slow_query(shape, seconds, route)
            said = {"duration": round(seconds, 4), "sql": shape.example[:LOGGED_LENGTH], "route": route or None}
            logger.warning("slow query", extra=said)
    except Exception as error:
        recorder.report("recording a statement fails", error)


def _rows(cursor: Any) -> int | None:
    """Return the rows of a statement; SQLite does not know how many a SELECT will find."""
    rows = cursor.cursor.rowcount  # the driver's own: Django's wrapper would look it up at ten times the cost
    return rows if rows >= 0 else None
