"""What the errors of a database mean: whether they pass, whether it was only busy, and whether it can be written."""

import time

from django.db import InterfaceError, OperationalError
from psycopg_pool import PoolTimeout, TooManyRequests

from perf.db.connections import sentence
from perf.db.postgresql.pool import SentAway, Unreachable

REMEMBERED = 30.0  # seconds for which a write that failed says something about the database

# https://www.postgresql.org/docs/current/errcodes-appendix.html
READ_ONLY = "25006"
LOCK_NOT_AVAILABLE = "55P03"
BUSY = {LOCK_NOT_AVAILABLE, "57014", "40001", "40P01"}  # canceled by a time limit, serialization, deadlock
CANNOT_WRITE = {READ_ONLY, "53100", "58030"}  # disk full, input or output failed
# https://www.sqlite.org/rescode.html, extended codes begin with the name of theirs
SQLITE_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED")
SQLITE_CANNOT_WRITE = ("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_IOERR", "SQLITE_CANTOPEN")

_refused: tuple[float, str] | None = None  # when the last write failed, by the monotonic clock, and why


def passes(error: BaseException) -> bool:
    """Tell whether the same may succeed in a moment: the server is away, busy, full or read-only."""
    return isinstance(error, OperationalError | InterfaceError) or code_of(error) == READ_ONLY


def is_busy(error: BaseException) -> bool:
    """Tell whether the database works, and had no connection or lock to give in time."""
    if isinstance(error.__cause__, PoolTimeout | TooManyRequests | SentAway):
        return True
    code = code_of(error)
    return code in BUSY or code.startswith(SQLITE_BUSY)


def is_told(error: BaseException) -> bool:
    """Tell whether the pool has logged this already, once for everybody."""
    return isinstance(error.__cause__, PoolTimeout | TooManyRequests | SentAway | Unreachable)


def cannot_write(error: BaseException) -> bool:
    """Tell whether the database is full, read-only or broken."""
    code = code_of(error)
    return code in CANNOT_WRITE or code.startswith(SQLITE_CANNOT_WRITE)


def note(error: Exception) -> None:
    """Remember an error with which something ended, for `refusal`."""
    global _refused  # one database a process
    if cannot_write(error):
        _refused = time.monotonic(), sentence(error)


def refusal() -> str | None:
    """Return why the last write failed, None where that was too long ago to mean anything."""
    if _refused is None or time.monotonic() - _refused[0] > REMEMBERED:
        return None
    return _refused[1]


def forget() -> None:
    """Forget what was noted."""
    global _refused
    _refused = None


def code_of(error: BaseException) -> str:
    """Return the driver's own code of an error, which Django keeps as its cause; "" where there is none."""
    for each in (error.__cause__, error):
        code = getattr(each, "sqlstate", None) or getattr(each, "sqlite_errorname", None)
        if code:
            return str(code)
    return ""
