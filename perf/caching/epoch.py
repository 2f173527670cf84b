"""Letting a server that caches in its own memory see what other processes change.

Each invalidation adds a byte to a file beside the database. A server compares the file's size with what it added
itself before it reads its cache, and forgets everything when somebody else added. A size, unlike a time, cannot be lost
between two writers. A file that has grown too long begins anew, which everybody else sees as a change too.
"""

import os
import threading

from django.conf import settings
from django.core.cache import cache

TOO_LONG = 1_000_000  # bytes

_lock = threading.Lock()
_seen: int | None = None


def advance_epoch() -> None:
    """Tell other processes that something cached may be wrong; does nothing where the cache is shared."""
    if settings.REDIS_URL:
        return
    global _seen  # one epoch a process
    with _lock:
        file = os.open(_path(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(file, b".")
            if os.fstat(file).st_size > TOO_LONG:
                os.ftruncate(file, 0)
                _seen = None
        finally:
            os.close(file)
        if _seen is not None:
            _seen += 1


def follow_epoch() -> None:
    """Forget everything when another process has advanced the epoch."""
    if settings.REDIS_URL:
        return
    global _seen
    size = _size()
    if size == _seen:
        return
    with _lock:
        # Read again: one of our own threads may have advanced it meanwhile.
        size = _size()
        if size != _seen:
            _seen = size
            cache.clear()


def _path() -> str:
    database = settings.DATABASES["default"]
    beside = str(database["NAME"]) if "sqlite" in database["ENGINE"] else str(settings.BASE_DIR / "cache")
    return f"{beside}-epoch"


def _size() -> int:
    try:
        return os.stat(_path()).st_size  # noqa: PTH116  # no Path: this is done at every read
    except FileNotFoundError:
        return 0
