"""Explaining a statement whose values nobody kept: the plan that holds for any values, never by running it."""

import re
import threading
from typing import Any

from django.db import Error, connection, transaction

from perf.db.connections import sentence
from perf.timing.fingerprint import SHAPE_LIMIT

TIME_LIMIT, LOCK_LIMIT = 2000, 500  # ms
ATTEMPTS = 2  # explained at once in a worker
NAME = "perf_explained"

_QUOTED = re.compile(r'"(?:[^"]|"")*"|`[^`]*`')
_PERCENT = re.compile(r"%([s%])")
_turns = threading.BoundedSemaphore(ATTEMPTS)


class NotExplained(Exception):
    """A statement that cannot be explained; says why."""


def generic_plan(example: str) -> list[str]:
    """Return the lines of the database's plan for a SELECT with `%s` in place of each value.

    Raises NotExplained, which says why. Nothing is run, nothing changes: a read-only transaction that is rolled back.
    """
    _refuse(example)
    if not _turns.acquire(blocking=False):
        raise NotExplained("Others are being explained at this moment; try again.")
    try:
        return _on_postgresql(example) if connection.vendor == "postgresql" else _on_sqlite(example)
    except Error as error:
        raise NotExplained(f"The database does not explain it: {sentence(error)[:500]}") from error
    finally:
        _turns.release()


def _refuse(example: str) -> None:
    bare = _QUOTED.sub("", example).strip()
    if not re.match(r"\(*\s*SELECT\b", bare, re.IGNORECASE):
        raise NotExplained("Only a SELECT is explained.")
    if ";" in bare.rstrip("; "):
        raise NotExplained("It is more than one statement.")
    if len(example) >= SHAPE_LIMIT or "…" in bare:
        raise NotExplained(f"It is longer than the {SHAPE_LIMIT} characters that are kept.")


def _on_postgresql(example: str) -> list[str]:
    """Prepare it and explain the prepared statement, which every version can; `GENERIC_PLAN` came with 16.

    https://www.postgresql.org/docs/current/sql-prepare.html
    """
    sql, count = _numbered(example.rstrip("; "))
    values = f"({', '.join(['NULL'] * count)})" if count else ""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        cursor.execute(f"SET LOCAL statement_timeout = {TIME_LIMIT}")
        cursor.execute(f"SET LOCAL lock_timeout = {LOCK_LIMIT}")
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        try:
            cursor.execute(f"PREPARE {NAME} AS {sql}")
            lines = _prepared(cursor, values)
        finally:
            transaction.set_rollback(True)
    return lines


def _prepared(cursor: Any, values: str) -> list[str]:
    """Explain what was prepared and forget it, which a rollback would not."""
    try:
        with transaction.atomic():
            cursor.execute(f"EXPLAIN EXECUTE {NAME}{values}")
            return [line for (line,) in cursor.fetchall()]
    finally:
        cursor.execute(f"DEALLOCATE {NAME}")


def _numbered(example: str) -> tuple[str, int]:
    """Write placeholders as PostgreSQL's own, and return how many there are."""
    count = 0

    def replace(match: re.Match[str]) -> str:
        nonlocal count
        if match[1] == "%":
            return "%"
        count += 1
        return f"${count}"

    return _PERCENT.sub(replace, example), count


def _on_sqlite(example: str) -> list[str]:
    """Ask SQLite, which only ever plans for unknown values (https://www.sqlite.org/eqp.html)."""
    count = _numbered(example)[1]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {example.rstrip('; ')}", [None] * count if count else None)
        steps = cursor.fetchall()
    depths = {0: -1}
    lines = []
    for number, parent, _, detail in steps:
        depths[number] = depths.get(parent, -1) + 1
        lines.append("  " * depths[number] + detail)
    return lines
