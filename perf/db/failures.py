"""Classifies database errors: whether they are transient, and whether the database is busy or cannot be written."""

import time

from django.db import InterfaceError, OperationalError
from psycopg_pool import PoolTimeout, TooManyRequests

from perf.db.connections import driver_code, one_line
from perf.db.postgresql.pool import ConnectionsBlocked, Unreachable

REMEMBERED = 30.0  # seconds for which a failed write counts as evidence about the database

# https://www.postgresql.org/docs/current/errcodes-appendix.html
READ_ONLY = "25006"
LOCK_NOT_AVAILABLE = "55P03"
BUSY = {LOCK_NOT_AVAILABLE, "57014", "40001", "40P01"}  # canceled by a time limit, serialization, deadlock
CANNOT_WRITE = {READ_ONLY, "53100", "58030"}  # disk full, input or output failed
# https://www.sqlite.org/rescode.html, extended codes begin with the name of theirs
SQLITE_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED")
SQLITE_CANNOT_WRITE = ("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_IOERR", "SQLITE_CANTOPEN")

_last_write_failure: tuple[float, str] | None = None  # monotonic seconds, and the message


def is_transient(error: BaseException) -> bool:
    """Return whether a retry may succeed: the server is away, busy, full or read-only."""
    return isinstance(error, OperationalError | InterfaceError) or driver_code(error) == READ_ONLY


def is_busy(error: BaseException) -> bool:
    """Return whether the database works, but had no connection or lock available in time."""
    if isinstance(error.__cause__, PoolTimeout | TooManyRequests | ConnectionsBlocked):
        return True
    code = driver_code(error)
    return code in BUSY or code.startswith(SQLITE_BUSY)


def is_logged(error: BaseException) -> bool:
    """Return whether the pool has logged this outage already."""
    return isinstance(error.__cause__, PoolTimeout | TooManyRequests | ConnectionsBlocked | Unreachable)


def cannot_write(error: BaseException) -> bool:
    """Return whether the database is full, read-only or broken."""
    code = driver_code(error)
    return code in CANNOT_WRITE or code.startswith(SQLITE_CANNOT_WRITE)


def note(error: Exception) -> None:
    """Remember an error for `last_write_failure` if the database cannot be written."""
    global _last_write_failure  # one database a process
    if cannot_write(error):
        _last_write_failure = time.monotonic(), one_line(error)


def last_write_failure() -> str | None:
    """Return the message of the last failed write; None if there was none in the last `REMEMBERED` seconds."""
    if _last_write_failure is None or time.monotonic() - _last_write_failure[0] > REMEMBERED:
        return None
    return _last_write_failure[1]


def reset() -> None:
    """Forget the last failed write."""
    global _last_write_failure
    _last_write_failure = None
