"""File permissions of SQLite databases, which hold the users' texts in clear: only the owner may read them."""

import os
import stat
import threading
from contextlib import suppress
from pathlib import Path

PRIVATE = 0o600
SUFFIXES = ("", "-wal", "-shm", "-journal", "-epoch")  # SQLite gives its own files the mode of the database file

_lock = threading.Lock()


def make_private(database: str) -> None:
    """Create a database file that only its owner may read, or take an existing one from other users.

    A file that only a group may read was made so on purpose and stays. A file of another user stays too;
    `readable_by_all` finds it. A name that is no path (`:memory:`, `file:…`) is ignored.
    """
    if not is_path(database):
        return
    # One thread at a time: closing a file ends all locks that SQLite has on it in this process.
    with _lock:
        try:
            os.close(os.open(database, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE))
        except FileExistsError:
            for path in readable_by_all(database):
                with suppress(OSError):  # another user's, or deleted meanwhile
                    path.chmod(PRIVATE)
        except OSError:
            return  # SQLite reports it when it connects


def readable_by_all(database: str) -> list[Path]:
    """Return the files of a database that every user of the machine may read."""
    if not is_path(database):
        return []
    return [path for path in (Path(f"{database}{suffix}") for suffix in SUFFIXES) if _mode(path) & stat.S_IROTH]


def is_path(database: str) -> bool:
    """Return whether the name of a database is a path."""
    return database != ":memory:" and not database.startswith("file:")


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError:
        return 0
