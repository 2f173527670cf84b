"""Single flight: of the threads that need the same value at once, one computes it."""

import threading
from collections.abc import Callable, Hashable
from typing import Any

MAX_WAIT = 1.0  # seconds that a thread waits for another one's result


class _Flight:
    def __init__(self) -> None:
        self.done = threading.Event()
        self.result: Any = None
        self.succeeded = False


class SingleFlight:
    """Computations by key, shared by the threads of this process; other workers compute for themselves."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[Hashable, _Flight] = {}

    def run(
        self, key: Hashable, compute: Callable[[], Any], fallback: Callable[[], Any], before_wait: Callable[[], None]
    ) -> Any:
        """Return `compute()`, or the result of the thread that is computing it. Raises what `compute` raises.

        If that thread fails, the next one computes. A thread calls `before_wait` to release what it holds, and returns
        `fallback()` once it has waited `MAX_WAIT` seconds.
        """
        while True:
            with self._lock:
                flight = self._flights.get(key)
                leads = flight is None
                if flight is None:
                    flight = self._flights[key] = _Flight()
            if leads:
                return self._lead(key, flight, compute)
            before_wait()
            if not flight.done.wait(MAX_WAIT):
                return fallback()
            if flight.succeeded:
                return flight.result

    def _lead(self, key: Hashable, flight: _Flight, compute: Callable[[], Any]) -> Any:
        try:
            flight.result = compute()
            flight.succeeded = True
            return flight.result
        finally:
            with self._lock:
                del self._flights[key]
            flight.done.set()
