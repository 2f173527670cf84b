"""An epoch file, by which a server that caches in its own memory notices changes of other processes.

Each invalidation appends a byte to a file beside the database. Before a server reads its cache, it compares the size of
the file with the size that it expects, and clears the cache if another process appended. Unlike a timestamp, a size is
not lost between two writers. A file that grew too long is truncated, which other processes notice as well.
"""

import os
import threading

from django.conf import settings
from django.core.cache import cache

MAX_SIZE = 1_000_000  # bytes

_lock = threading.Lock()
_seen: int | None = None


def advance_epoch() -> None:
    """Notify other processes of an invalidation; does nothing if the cache is shared. Raises OSError."""
    if settings.REDIS_URL:
        return
    global _seen  # one epoch a process
    with _lock:
        file = os.open(_path(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(file, b".")
            if os.fstat(file).st_size > MAX_SIZE:
                os.ftruncate(file, 0)
                _seen = None
        finally:
            os.close(file)
        if _seen is not None:
            _seen += 1


def follow_epoch() -> None:
    """Clear the cache if another process has advanced the epoch. Raises OSError."""
    if settings.REDIS_URL:
        return
    global _seen
    if _size() == _seen:
        return
    with _lock:
        size = _size()  # again: one of our own threads may have advanced it meanwhile
        if size != _seen:
            _seen = size
            cache.clear()


def _path() -> str:
    database = settings.DATABASES["default"]
    beside = str(database["NAME"]) if "sqlite" in database["ENGINE"] else str(settings.BASE_DIR / "cache")
    return f"{beside}-epoch"


def _size() -> int:
    try:
        return os.stat(_path()).st_size  # noqa: PTH116  # a Path is slower, and every read of the cache comes here
    except FileNotFoundError:
        return 0
