"""Giving database connections back, and doing without the pool where there must be none."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper


def release() -> None:
    """Return this thread's connection to its pool; without a pool, or inside a transaction, do nothing.

    A pooled connection held while another service answers starves everybody else. A SQLite connection is the
    thread's own, and closing it costs more than keeping it.
    """
    if connection.settings_dict["OPTIONS"].get("pool") and not connection.in_atomic_block:
        connection.close()


def plain_connection() -> BaseDatabaseWrapper:
    """Make a connection to the database that is no pool's and no thread's; whoever asks closes it."""
    plain = connections[DEFAULT_DB_ALIAS].copy()
    plain.settings_dict["OPTIONS"].pop("pool", None)
    return plain


@contextmanager
def using(plain: BaseDatabaseWrapper) -> Iterator[None]:
    """Let everything in this thread use a plain connection inside the block, closed at its end."""
    own = connections[DEFAULT_DB_ALIAS]
    own.close()
    # The settings are left alone: a worker forked meanwhile must find its pool in them.
    connections[DEFAULT_DB_ALIAS] = plain
    try:
        yield
    finally:
        plain.close()
        connections[DEFAULT_DB_ALIAS] = own


def unpooled() -> AbstractContextManager[None]:
    """Let this thread do without the pool inside the block.

    For a process that is about to fork: a pool's sockets would be shared with its children, and its threads lost.
    """
    return using(plain_connection())


def sentence(error: Exception) -> str:
    """Put what a database driver says into one line; libpq writes one for each address it tried."""
    return " ".join(str(error).split())
