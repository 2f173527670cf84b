"""Single flight: of many that want the same at once, one does the work."""

import threading
from collections.abc import Callable, Hashable
from typing import Any

PATIENCE = 1.0  # seconds to wait for somebody else's work before doing it oneself


class _Flight:
    """Work under way: its result once it is done, if it went well."""

    def __init__(self) -> None:
        self.landed = threading.Event()
        self.result: Any = None
        self.good = False


class SingleFlight:
    """Work by key, shared by the threads of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flights: dict[Hashable, _Flight] = {}

    def run(self, key: Hashable, work: Callable[[], Any], alone: Callable[[], Any], waiting: Callable[[], None]) -> Any:
        """Do `work`, or wait for the one who does it.

        When that one fails the next tries. Whoever has to wait calls `waiting` first, to hold nothing meanwhile, and
        does the work `alone` after `PATIENCE`.
        """
        while True:
            with self._lock:
                flight = self._flights.get(key)
                leads = flight is None
                if flight is None:
                    flight = self._flights[key] = _Flight()
            if leads:
                return self._lead(key, flight, work)
            waiting()
            if not flight.landed.wait(PATIENCE):
                return alone()
            if flight.good:
                return flight.result

    def _lead(self, key: Hashable, flight: _Flight, work: Callable[[], Any]) -> Any:
        try:
            flight.result = work()
            flight.good = True
            return flight.result
        finally:
            with self._lock:
                del self._flights[key]
            flight.landed.set()
