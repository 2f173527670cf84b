"""Keeping SQLite's files from the other users of the machine: they hold what people wrote in plain text."""

import os
import stat
import threading
from pathlib import Path

PRIVATE = 0o600
BESIDE = ("", "-wal", "-shm", "-journal", "-epoch")  # SQLite gives its own the mode of the database file

_making = threading.Lock()


def make_private(database: str) -> None:
    """Create the file of a database for its owner alone, or take it from everybody where everybody may read it.

    A file that only a group may read is somebody's decision and stays as it is. So does one that is another user's;
    `readable_by_all` finds it. A name that is no path (`:memory:`, `file:…`) is left alone.
    """
    if not is_path(database):
        return
    # One thread at a time: closing a file ends all locks that SQLite has on it in this process.
    with _making:
        try:
            os.close(os.open(database, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE))
        except FileExistsError:
            for path in readable_by_all(database):
                _tighten(path)
        except OSError:
            return  # SQLite says it better


def readable_by_all(database: str) -> list[Path]:
    """Return the files of a database that every user of the machine may read."""
    if not is_path(database):
        return []
    return [path for path in (Path(f"{database}{suffix}") for suffix in BESIDE) if _mode(path) & stat.S_IROTH]


def is_path(database: str) -> bool:
    """Tell whether the name of a database is that of a file."""
    return database != ":memory:" and not database.startswith("file:")


def _tighten(path: Path) -> None:
    try:
        path.chmod(PRIVATE)
    except OSError:  # another user's, or gone
        return


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError:
        return 0
