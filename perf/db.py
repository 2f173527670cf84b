"""Giving database connections back, and doing without the pool where there must be none."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


def release() -> None:
    """Return this thread's connection to its pool; without a pool, or inside a transaction, do nothing.

    A pooled connection held while a provider answers starves everybody else. A SQLite connection is the
    thread's own, and closing it costs more than keeping it.
    """
    if connection.settings_dict["OPTIONS"].get("pool") and not connection.in_atomic_block:
        connection.close()


@contextmanager
def unpooled() -> Iterator[None]:
    """Use a plain connection inside the block, closed at its end.

    For a process that is about to fork: a pool's sockets would be shared with its children, and its threads lost.
    """
    options = connection.settings_dict["OPTIONS"]
    connection.close()
    pool = options.pop("pool", None)
    try:
        yield
    finally:
        connection.close()
        if pool is not None:
            options["pool"] = pool
