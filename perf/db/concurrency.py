"""A limit of the threads that read or write rows at once.

Python runs one thread at a time, and a thread that reads rows gives up the interpreter at each of them. Sixteen
threads that do so spend half of their time on switching: see docs/decisions/0012-taking-turns.md.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from perf.db.connections import release


class ConcurrencyLimit:
    """A semaphore with a bounded wait: after `max_wait` seconds a thread goes on without it, so nothing deadlocks."""

    def __init__(self, limit: int, *, max_wait: float) -> None:
        self.max_wait = max_wait
        self._semaphore = threading.BoundedSemaphore(limit)

    @contextmanager
    def acquire(self) -> Iterator[None]:
        """Wait for the semaphore and hold it inside the block; the database connection is released around it."""
        release()  # a waiting thread must not hold a connection that the others need
        acquired = self._semaphore.acquire(timeout=self.max_wait)
        try:
            yield
        finally:
            release()
            if acquired:
                self._semaphore.release()
