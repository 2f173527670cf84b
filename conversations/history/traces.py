"""Removes the traces of deleted rows from SQLite: words in its text index, and old pages in its write-ahead log.

A deletion only marks words as deleted until the index is merged, and the log keeps old pages until it is truncated. The
pages of the database are overwritten at once (`secure_delete`). On PostgreSQL, autovacuum does all of this.
"""

import logging
import threading

from django.db import DatabaseError, connection
from django.db.backends.utils import CursorWrapper

logger = logging.getLogger("llmselect.traces")

PAGES_AT_ONCE = 200  # of the index in one statement, which holds the lock for milliseconds
ATTEMPTS, PAUSE = 20, 0.25  # to truncate the log while others read, and the seconds between them

_requested, _lock = threading.Event(), threading.Lock()
_thread: threading.Thread | None = None


def remove_soon() -> None:
    """Remove the traces in a background thread; calls during a run cause one more run."""
    global _thread
    if connection.vendor != "sqlite":
        return
    with _lock:
        _requested.set()
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_run, name="traces", daemon=True)
            _thread.start()


def remove() -> bool:
    """Remove the traces; tells whether the log could be truncated. Raises DatabaseError."""
    if connection.vendor != "sqlite":
        return True
    _merge(-PAGES_AT_ONCE)
    while _merge(PAGES_AT_ONCE):
        pass
    return any(_truncate_log() for _ in range(ATTEMPTS))


def _merge(pages: int) -> bool:
    """Merge pages of the index; tells whether there was anything to merge. The first number is negative.

    See https://www.sqlite.org/fts5.html#the_merge_command.
    """
    with connection.cursor() as cursor:
        before = _changes(cursor)
        cursor.execute(
            "INSERT INTO conversations_searchtext (conversations_searchtext, rank) VALUES ('merge', %s)", [pages]
        )
        return _changes(cursor) - before >= 2


def _changes(cursor: CursorWrapper) -> int:
    cursor.execute("SELECT total_changes()")
    return int(cursor.fetchone()[0])


def _truncate_log() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        busy, _, _ = cursor.fetchone()
    if busy:
        threading.Event().wait(PAUSE)
    return not busy


def _run() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 1000")
        while _next_run():
            remove()
    except DatabaseError as error:  # the daily `prune` removes them
        logger.warning("traces of deleted rows stay until tomorrow", extra={"error": repr(error)[:200]})
    finally:
        connection.close()


def _next_run() -> bool:
    global _thread
    with _lock:
        if not _requested.is_set():
            _thread = None
            return False
        _requested.clear()
        return True
