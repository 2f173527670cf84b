"""Keeps the write-ahead log of SQLite short.

SQLite copies the log into the database (a checkpoint) after a commit that finds it long. It restarts the log only if no
reader uses it at the moment of a write. With many threads that moment never comes, because a reader waits for the
interpreter between two rows; so the log grows with every write. SQLite also never shortens the file. Both need a thread
that waits for the readers: this one.
"""

import logging
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

from django.db import connection

from perf.db.sqlite3.files import is_path

logger = logging.getLogger("perf.sqlite3")

POLL_INTERVAL = 0.25  # seconds between looks at the file
LONG = 8_000_000  # bytes after which the log restarts, even under load
TOO_LONG = 4 * LONG  # bytes after which writers wait longer for that
IDLE = 5.0  # seconds without a write after which the log is emptied
SHORT = 1_000_000  # bytes that an idle log may keep

# Seconds that writers wait for the current readers, and seconds until the next attempt.
MAX_WAIT, URGENT_MAX_WAIT, PAUSE = 0.5, 2.0, 1.0


def keep_logs_short() -> None:
    """Start watching the log of the configured database; does nothing if that is no SQLite file."""
    if connection.vendor == "sqlite":
        Checkpoints(str(connection.settings_dict["NAME"])).start()


class Checkpoints:
    """Watches the log of one database file in a thread."""

    def __init__(self, database: str) -> None:
        self._database = database
        self._log = Path(f"{database}-wal")
        self._size = 0
        self._modified = 0.0  # the file's last known time of modification
        self._changed_at = 0.0  # monotonic seconds at which that was noticed
        self._stopped = threading.Event()

    def start(self) -> None:
        """Watch until `stop` is called or the process ends."""
        if is_path(self._database):
            threading.Thread(target=self._watch, name="checkpoints", daemon=True).start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()

    def _watch(self) -> None:
        pause = POLL_INTERVAL
        while not self._stopped.wait(pause):
            pause = POLL_INTERVAL
            try:
                max_wait = self.due()
                if max_wait and not checkpoint(self._database, max_wait) and max_wait < URGENT_MAX_WAIT:
                    pause = PAUSE
            except sqlite3.Error as error:
                logger.exception("the write-ahead log cannot be emptied", extra={"error": str(error)})
                pause = PAUSE

    def due(self) -> float:
        """Return the seconds that writers may wait for a checkpoint; 0 if none is due."""
        try:
            found = self._log.stat()
        except FileNotFoundError:
            return 0.0
        now = time.monotonic()
        if (found.st_size, found.st_mtime) != (self._size, self._modified):
            self._size, self._modified, self._changed_at = found.st_size, found.st_mtime, now
        if found.st_size > LONG:
            return URGENT_MAX_WAIT if found.st_size > TOO_LONG else MAX_WAIT
        idle = found.st_size > SHORT and now - self._changed_at > IDLE
        return MAX_WAIT if idle else 0.0


def checkpoint(database: str, max_wait: float) -> bool:
    """Empty the write-ahead log; returns False if readers or a writer are not done within `max_wait` seconds.

    Raises sqlite3.Error if the database cannot be read or written.
    """
    with closing(sqlite3.connect(f"{Path(database).absolute().as_uri()}?mode=rw", timeout=max_wait, uri=True)) as own:
        # Most of the log is copied while others go on; writers wait only for the rest.
        own.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        ((busy, _, _),) = own.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return not busy
