"""Keeping the write-ahead log of SQLite short.

SQLite copies the log into the database by itself (a checkpoint) after a commit that finds it long, and begins it anew
only when no reader is using it at the moment of a write. Under threads that read all the time that moment never comes:
each waits for the interpreter between the rows of a statement, and so the log grows by every write. Nor does SQLite
ever shorten the file. Both take somebody who waits for the readers: this thread.
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

LOOK = 0.25  # seconds between looks at the file
LONG = 8_000_000  # bytes after which the log begins anew, also in the middle of a load
TOO_LONG = 4 * LONG  # bytes after which writers wait longer for that
IDLE = 5.0  # seconds without a write after which it is emptied
SHORT = 1_000_000  # bytes that an idle log may keep

# Seconds that writers wait for the readers of the moment, and seconds until it is tried again.
PATIENCE, URGENT_PATIENCE, PAUSE = 0.5, 2.0, 1.0


def keep_logs_short() -> None:
    """Watch the log of the configured database until the process ends; does nothing where it is no SQLite file."""
    if connection.vendor == "sqlite":
        Checkpoints(str(connection.settings_dict["NAME"])).start()


class Checkpoints:
    """Watches the log of one database file from a thread of its own."""

    def __init__(self, database: str) -> None:
        self._database = database
        self._log = Path(f"{database}-wal")
        self._size = 0
        self._written = 0.0  # when the log was last seen to have been written
        self._changed = 0.0  # seconds of the monotonic clock at which that was seen
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin to watch, until `stop` is called or the process ends."""
        if is_path(self._database):
            threading.Thread(target=self._watch, name="checkpoints", daemon=True).start()

    def stop(self) -> None:
        """End the watch."""
        self._stopped.set()

    def _watch(self) -> None:
        pause = LOOK
        while not self._stopped.wait(pause):
            pause = LOOK
            try:
                patience = self.due()
                if patience and not checkpoint(self._database, patience) and patience < URGENT_PATIENCE:
                    pause = PAUSE
            except sqlite3.Error as error:
                logger.exception("the write-ahead log cannot be emptied", extra={"error": str(error)})
                pause = PAUSE

    def due(self) -> float:
        """Look at the log; returns how many seconds writers may wait for a checkpoint, 0 while none is due."""
        try:
            found = self._log.stat()
        except FileNotFoundError:
            return 0.0
        now = time.monotonic()
        if (found.st_size, found.st_mtime) != (self._size, self._written):
            self._size, self._written, self._changed = found.st_size, found.st_mtime, now
        if found.st_size > LONG:
            return URGENT_PATIENCE if found.st_size > TOO_LONG else PATIENCE
        idle = found.st_size > SHORT and now - self._changed > IDLE
        return PATIENCE if idle else 0.0


def checkpoint(database: str, patience: float) -> bool:
    """Empty the write-ahead log; False when readers or a writer did not end within `patience` seconds.

    Raises sqlite3.Error when the database cannot be read or written.
    """
    with closing(sqlite3.connect(f"{Path(database).absolute().as_uri()}?mode=rw", timeout=patience, uri=True)) as own:
        # Most is copied while everybody goes on; only for what is written meanwhile must writers wait.
        own.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        ((busy, _, _),) = own.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return not busy
