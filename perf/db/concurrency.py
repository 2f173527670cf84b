"""Taking turns: a few threads at a time do what many would only hinder each other at.

The interpreter runs one thread at a time, and whoever reads rows gives it up at each of them. Sixteen threads that do
spend half of their time handing it around.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from perf.db.connections import release


class Turns:
    """Lets `at_once` threads in. This is courtesy, no lock: after `courtesy` seconds a thread goes on all the same."""

    def __init__(self, *, at_once: int, courtesy: float) -> None:
        self.at_once = at_once
        self.courtesy = courtesy
        self._free = threading.BoundedSemaphore(at_once)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for a turn and have it inside; the connection is given back before and after."""
        release()  # who waits must hold nothing that the others need
        courteous = self._free.acquire(timeout=self.courtesy)
        try:
            yield
        finally:
            release()
            if courteous:
                self._free.release()
