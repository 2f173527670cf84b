"""Removing what SQLite keeps of deleted rows: words in its text index, and old pages in its log.

A deletion only marks words as deleted, until the index is merged; and the write-ahead log holds pages as they were
until it is written anew. Pages of the database itself are overwritten at once (`secure_delete`). PostgreSQL does all of
this by its autovacuum.
"""

import logging
import threading

from django.db import DatabaseError, connection
from django.db.backends.utils import CursorWrapper

logger = logging.getLogger("llmselect.traces")

PAGES_AT_ONCE = 200  # of the index, merged by one statement, so that the lock is held for milliseconds
ATTEMPTS, PAUSE = 20, 0.25  # to empty the log, and the seconds between them, while others read

_wanted, _beginning = threading.Event(), threading.Lock()
_thread: threading.Thread | None = None


def remove_soon() -> None:
    """Remove them in a thread of its own; of many that ask while it runs, all are served by one more run."""
    global _thread
    if connection.vendor != "sqlite":
        return
    with _beginning:
        _wanted.set()
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_work, name="traces", daemon=True)
            _thread.start()


def remove() -> bool:
    """Remove them; tells whether the log could be emptied. Raises DatabaseError."""
    if connection.vendor != "sqlite":
        return True
    _merge(-PAGES_AT_ONCE)
    while _merge(PAGES_AT_ONCE):
        pass
    return any(_empty_log() for _ in range(ATTEMPTS))


def _merge(pages: int) -> bool:
    """Merge some of the index, a negative number to begin with; tells whether there was anything to merge.

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


def _empty_log() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        busy, _, _ = cursor.fetchone()
    if busy:
        threading.Event().wait(PAUSE)
    return not busy


def _work() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 1000")
        while _goes_on():
            remove()
    except DatabaseError as error:  # the daily `prune` does it again
        logger.warning("traces of deleted rows stay until tomorrow", extra={"error": repr(error)[:200]})
    finally:
        connection.close()


def _goes_on() -> bool:
    global _thread
    with _beginning:
        if not _wanted.is_set():
            _thread = None
            return False
        _wanted.clear()
        return True
