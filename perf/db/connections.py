"""Releasing database connections, connections without the pool, and the errors of their drivers."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper


def release() -> None:
    """Return this thread's connection to the pool; does nothing without a pool or inside a transaction.

    A thread that waits for another service must not hold a connection. A SQLite connection is the thread's own, and
    closing it costs more than keeping it.
    """
    if connection.settings_dict["OPTIONS"].get("pool") and not connection.in_atomic_block:
        connection.close()


def unpooled_connection() -> BaseDatabaseWrapper:
    """Make a connection outside of the pool and of any thread; the caller closes it."""
    unpooled = connections[DEFAULT_DB_ALIAS].copy()
    unpooled.settings_dict["OPTIONS"].pop("pool", None)
    return unpooled


@contextmanager
def using(other: BaseDatabaseWrapper) -> Iterator[None]:
    """Use another connection for everything in this thread inside the block, and close it at the end."""
    own = connections[DEFAULT_DB_ALIAS]
    own.close()
    # The settings are left alone: a worker forked meanwhile must find its pool in them.
    connections[DEFAULT_DB_ALIAS] = other
    try:
        yield
    finally:
        other.close()
        connections[DEFAULT_DB_ALIAS] = own


def unpooled() -> AbstractContextManager[None]:
    """Use a connection without the pool in this thread inside the block.

    For a process that is about to fork: its children would share the sockets of a pool, and lack its threads.
    """
    return using(unpooled_connection())


def one_line(error: Exception) -> str:
    """Return the message of a driver's error in one line; libpq writes a line for each address it tried."""
    return " ".join(str(error).split())


def driver_code(error: BaseException) -> str:
    """Return the code of the driver's error, which Django keeps as the cause of its own; "" if there is none."""
    for each in (error.__cause__, error):
        if code := getattr(each, "sqlstate", None) or getattr(each, "sqlite_errorname", None):
            return str(code)
    return ""
