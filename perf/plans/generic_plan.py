"""The generic plan of a recorded statement, whose values are unknown."""

import re
import threading

from django.db import Error, connection, transaction

from perf.db.connections import one_line
from perf.timing.fingerprint import MAX_LENGTH

STATEMENT_TIMEOUT, LOCK_TIMEOUT = 2000, 500  # ms
CONCURRENCY = 2  # statements that a worker explains at the same time
NAME = "perf_explained"  # of the prepared statement

_QUOTED = re.compile(r'"(?:[^"]|"")*"|`[^`]*`')
_PERCENT = re.compile(r"%([s%])")
_semaphore = threading.BoundedSemaphore(CONCURRENCY)


class NotExplained(Exception):
    """The statement cannot be explained; the message says why."""


def generic_plan(example: str) -> list[str]:
    """Return the lines of the database's plan for a SELECT that has `%s` in place of each value.

    The statement is not run, and nothing changes. Raises NotExplained if the text is not one whole SELECT, if the
    database refuses it, and if the worker is explaining `CONCURRENCY` others.
    """
    unquoted = _QUOTED.sub("", example).strip()
    if not re.match(r"\(*\s*SELECT\b", unquoted, re.IGNORECASE):
        raise NotExplained("Only a SELECT is explained.")
    if ";" in unquoted.rstrip("; "):
        raise NotExplained("It is more than one statement.")
    if len(example) >= MAX_LENGTH or "…" in unquoted:
        raise NotExplained(f"It is longer than the {MAX_LENGTH} characters that are kept.")
    if not _semaphore.acquire(blocking=False):
        raise NotExplained("Others are being explained at this moment; try again.")
    try:
        statement = example.rstrip("; ")
        return _postgresql_plan(statement) if connection.vendor == "postgresql" else _sqlite_plan(statement)
    except Error as error:
        raise NotExplained(f"The database does not explain it: {one_line(error)[:500]}") from error
    finally:
        _semaphore.release()


def _postgresql_plan(statement: str) -> list[str]:
    """Explain a prepared statement in a read-only transaction that is rolled back.

    This works on every version of PostgreSQL, while `EXPLAIN (GENERIC_PLAN)` needs 16
    (https://www.postgresql.org/docs/current/sql-prepare.html).
    """
    sql, count = _numbered(statement)
    values = f"({', '.join(['NULL'] * count)})" if count else ""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        cursor.execute(f"SET LOCAL statement_timeout = {STATEMENT_TIMEOUT}")
        cursor.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT}")
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        try:
            cursor.execute(f"PREPARE {NAME} AS {sql}")
            try:
                with transaction.atomic():  # so that DEALLOCATE works after an error
                    cursor.execute(f"EXPLAIN EXECUTE {NAME}{values}")
                    return [line for (line,) in cursor.fetchall()]
            finally:
                cursor.execute(f"DEALLOCATE {NAME}")  # a rollback keeps prepared statements
        finally:
            transaction.set_rollback(True)


def _sqlite_plan(statement: str) -> list[str]:
    """Explain a statement on SQLite, whose plans do not depend on values (https://www.sqlite.org/eqp.html)."""
    _, count = _numbered(statement)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {statement}", [None] * count if count else None)
        steps = cursor.fetchall()
    depths = {0: -1}
    lines = []
    for number, parent, _, detail in steps:
        depths[number] = depths.get(parent, -1) + 1
        lines.append("  " * depths[number] + detail)
    return lines


def _numbered(statement: str) -> tuple[str, int]:
    """Replace each `%s` by `$1`, `$2` …, and return how many there are."""
    count = 0

    def replace(match: re.Match[str]) -> str:
        nonlocal count
        if match[1] == "%":
            return "%"
        count += 1
        return f"${count}"

    return _PERCENT.sub(replace, statement), count
