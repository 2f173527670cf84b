"""Giving the database connection back before waiting for something that is not the database."""

from django.db import connection


def release() -> None:
    """Return this thread's connection to its pool; without a pool, or inside a transaction, do nothing.

    A pooled connection held while a provider answers starves everybody else. A SQLite connection is the
    thread's own, and closing it costs more than keeping it.
    """
    if connection.settings_dict["OPTIONS"].get("pool") and not connection.in_atomic_block:
        connection.close()
