"""The state of an outage of the cache: when to bypass it, and which invalidations are still to be delivered."""

import logging
import threading
import time
from collections.abc import Callable, Hashable

from redis import ResponseError

logger = logging.getLogger("perf.cache")

PAUSE = 1.0  # seconds without a cache after a failure
RETRY_INTERVAL = 0.5  # seconds between attempts to deliver an invalidation
LOG_INTERVAL = 60.0  # seconds between log lines


class Outage:
    """Whether a store fails in this process; `message` is logged once a minute while it does."""

    def __init__(self, logger: logging.Logger = logger, message: str = "the cache fails; going on without it") -> None:
        self._logger = logger
        self._message = message
        self._lock = threading.Lock()
        self._until = 0.0
        self._logged_at = float("-inf")
        self._disconnected = False
        self._undelivered: dict[Hashable, Callable[[], object]] = {}

    @property
    def active(self) -> bool:
        """Whether to bypass the store: it is disconnected, or failed less than `PAUSE` ago."""
        return self._disconnected or time.monotonic() < self._until

    def disconnect(self, error: Exception) -> None:
        """Bypass the store until `connect`: it does not take invalidations."""
        self._disconnected = True
        self.failed(error)

    def connect(self) -> None:
        """Use the store again: it takes invalidations."""
        if self._disconnected:
            self._disconnected = False
            self.end_pause()

    def failed(self, error: Exception) -> None:
        """Begin a pause, and log. A Redis that refuses a command quickly, as a full one does, needs no pause."""
        now = time.monotonic()
        if not isinstance(error.__cause__ or error, ResponseError):
            self._until = now + PAUSE
        if now - self._logged_at >= LOG_INTERVAL:
            self._logged_at = now
            self._logger.warning(self._message, extra={"error": repr(error)[:200]})

    def end_pause(self) -> None:
        """Use the store again at once: it works."""
        self._until = 0.0

    def reset(self) -> None:
        """Return to the initial state: use the store at once, and log the next failure at once."""
        self._until, self._logged_at = 0.0, float("-inf")

    def is_undelivered(self, key: Hashable) -> bool:
        """Return whether an invalidation of `key` is still to be delivered, so that its entries may be stale."""
        return key in self._undelivered

    def deliver_later(self, key: Hashable, deliver: Callable[[], object]) -> None:
        """Call `deliver` until it does not raise, in a thread that ends when all invalidations are delivered."""
        with self._lock:
            is_first = not self._undelivered
            self._undelivered[key] = deliver
        if is_first:
            threading.Thread(target=self._redeliver, name="cache-redelivery", daemon=True).start()

    def _redeliver(self) -> None:
        while True:
            time.sleep(RETRY_INTERVAL)
            for key, deliver in list(self._undelivered.items()):
                try:
                    deliver()
                except Exception as error:  # every backend has its own
                    self.failed(error)
                    break
                self.end_pause()
                with self._lock:
                    # An invalidation that was added meanwhile has a delivery of its own to wait for.
                    if self._undelivered.get(key) is deliver:
                        del self._undelivered[key]
            with self._lock:
                if not self._undelivered:
                    return


outage = Outage()
