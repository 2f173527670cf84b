"""Counts of cache hits, misses, stores and invalidations, summed over all workers when they share a Redis."""

import atexit
import contextlib
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django_redis import get_redis_connection

FLUSH_INTERVAL = 1.0  # seconds between additions of this process's counts to the shared ones
FIELDS = ("hits", "misses", "sets", "invalidations")


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of a namespace; `last_invalidation` is a timestamp in seconds."""

    hits: int = 0
    misses: int = 0
    sets: int = 0
    invalidations: int = 0
    last_invalidation: float | None = None

    @property
    def hit_rate(self) -> float:
        """The share of hits in all lookups, from 0 to 1; 0 without lookups."""
        lookups = self.hits + self.misses
        return self.hits / lookups if lookups else 0.0


class CacheCounter:
    """Counts in this process; with Redis, a thread flushes the counts to it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: Counter[tuple[str, str]] = Counter()
        self._last: dict[str, float] = {}
        self._thread: threading.Thread | None = None

    def add(self, namespace: str, field: str) -> None:
        """Count one of `FIELDS`."""
        with self._lock:
            self._counted[namespace, field] += 1
            if field == "invalidations":
                self._last[namespace] = time.time()
            if settings.REDIS_URL and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(target=self._flush_forever, name="cache-counts", daemon=True)
                self._thread.start()

    def totals(self, namespace: str) -> Counts:
        """Return the counts of all workers, at most `FLUSH_INTERVAL` old. Raises what the cache raises."""
        if not settings.REDIS_URL:
            with self._lock:
                own = {field: self._counted[namespace, field] for field in FIELDS}
                return Counts(**own, last_invalidation=self._last.get(namespace))
        self.flush()
        stored: dict[bytes, bytes] = get_redis_connection().hgetall(_key(namespace))
        last = stored.get(b"last_invalidation")
        return Counts(
            **{field: int(stored.get(field.encode(), 0)) for field in FIELDS},
            last_invalidation=None if last is None else float(last),
        )

    def flush(self) -> None:
        """Add this process's counts to the shared ones; a failed flush keeps them. Raises what the cache raises."""
        with self._lock:
            counted, self._counted = self._counted, Counter()
            last, self._last = self._last, {}
        if not counted:
            return
        try:
            with get_redis_connection().pipeline() as pipeline:
                for (namespace, field), count in counted.items():
                    pipeline.hincrby(_key(namespace), field, count)
                for namespace, moment in last.items():
                    pipeline.hset(_key(namespace), "last_invalidation", moment)
                pipeline.execute()
        except Exception:
            with self._lock:
                self._counted += counted
                self._last = last | self._last
            raise

    def _flush_forever(self) -> None:
        while True:
            time.sleep(FLUSH_INTERVAL)
            with contextlib.suppress(Exception):  # requests report a cache that fails
                self.flush()


def _key(namespace: str) -> Any:
    return cache.make_key(f"counts:{namespace}")


counter = CacheCounter()


@atexit.register
def _flush_at_exit() -> None:
    if settings.configured and settings.REDIS_URL:
        with contextlib.suppress(Exception):
            counter.flush()
