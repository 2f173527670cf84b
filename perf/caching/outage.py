"""Living without the cache: pausing after failures, and delivering later what could not be forgotten in time."""

import logging
import threading
import time
from collections.abc import Callable, Hashable

from redis import ResponseError

logger = logging.getLogger("perf.cache")

PAUSE = 1.0  # seconds without a cache after it failed
RETRY = 0.5  # seconds between attempts to deliver an invalidation
REPORT = 60.0  # seconds between log lines


class Outage:
    """What this process knows of a store that fails; `report` is what it logs once a minute."""

    def __init__(self, logger: logging.Logger = logger, report: str = "the cache fails; going on without it") -> None:
        self._logger = logger
        self._report = report
        self._lock = threading.Lock()
        self._until = 0.0
        self._reported = float("-inf")
        self._cut_off = False
        self._undelivered: dict[Hashable, Callable[[], object]] = {}

    @property
    def lasting(self) -> bool:
        """Whether the cache is cut off, or failed so recently that asking it again would only cost time."""
        return self._cut_off or time.monotonic() < self._until

    def cut_off(self, error: Exception) -> None:
        """Do without the cache until it is said to be `connected`: invalidations cannot be delivered to it."""
        self._cut_off = True
        self.failed(error)

    def connected(self) -> None:
        """Use the cache again: it takes invalidations."""
        if self._cut_off:
            self._cut_off = False
            self.end_pause()

    def failed(self, error: Exception) -> None:
        """Begin a pause, and log one line a minute. A Redis that only refuses, as a full one does, needs no pause."""
        now = time.monotonic()
        if not isinstance(error.__cause__ or error, ResponseError):
            self._until = now + PAUSE
        if now - self._reported >= REPORT:
            self._reported = now
            self._logger.warning(self._report, extra={"error": repr(error)[:200]})

    def end_pause(self) -> None:
        """Use the cache again at once: it was seen to work."""
        self._until = 0.0

    def forget(self) -> None:
        """Know of no failure, as at the start: use the cache at once, and log the next failure at once."""
        self._until, self._reported = 0.0, float("-inf")

    def owes(self, what: Hashable) -> bool:
        """Tell whether an invalidation of this is still undelivered, so that what is cached of it may be wrong."""
        return what in self._undelivered

    def deliver_later(self, what: Hashable, deliver: Callable[[], object]) -> None:
        """Try `deliver` until it no longer raises, in a background thread that ends when nothing is owed."""
        with self._lock:
            begins = not self._undelivered
            self._undelivered[what] = deliver
        if begins:
            threading.Thread(target=self._work, name="cache-redelivery", daemon=True).start()

    def _work(self) -> None:
        while True:
            time.sleep(RETRY)
            for what, deliver in list(self._undelivered.items()):
                try:
                    deliver()
                except Exception as error:  # every backend has its own
                    self.failed(error)
                    break
                self.end_pause()
                with self._lock:
                    # An invalidation that was added meanwhile has a delivery of its own to wait for.
                    if self._undelivered.get(what) is deliver:
                        del self._undelivered[what]
            with self._lock:
                if not self._undelivered:
                    return


outage = Outage()
