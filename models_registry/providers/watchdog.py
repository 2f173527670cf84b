"""Ends what takes longer than a moment, with one sleeping thread for the whole process."""

import threading
import time
from collections import deque
from collections.abc import Callable


class Watchdog:
    """Calls each given function `patience` seconds later; it must do no harm by then if all went well.

    A `threading.Timer` would start a thread for each: half a millisecond.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._due: deque[tuple[float, Callable[[], None]]] = deque()
        self._wake = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def watch(self, end: Callable[[], None]) -> None:
        """Call `end` once the patience is over."""
        self._due.append((time.monotonic() + self._patience, end))
        if not self._wake.is_set():
            self._wake.set()
        if not self._running():
            self._start()

    def _running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()  # a fork of the process has a dead one

    def _start(self) -> None:
        with self._starting:
            if not self._running():
                self._thread = threading.Thread(target=self._run, name="provider-watchdog", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()  # before the queue is looked at, so that no entry is missed
            while self._due:
                moment, end = self._due[0]
                time.sleep(max(0.0, moment - time.monotonic()))
                self._due.popleft()
                end()
