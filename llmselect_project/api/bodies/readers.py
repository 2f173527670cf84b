"""Threads that wait for bodies in place of the threads that answer requests.

Granian's `wsgi.input.read` blocks until the bytes are there, and nothing interrupts it but the end of the connection.
So a thread that answers hands the read to a reader and waits no longer than it wants to.
"""

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import IO

PIECE = 65_536  # bytes; how far a body has come is known after each
AT_ONCE = 0.02  # seconds; whoever needs longer counts among those who wait
CHANCE = 1.0  # seconds that every body gets
LINGER = 5.0  # seconds; as long as nginx does
IDLE = 30.0  # seconds until a reader that has nothing to do ends


class Overdue(Exception):
    """The body was not there in time, or others needed the place; `reading` is what a reader still hangs on."""

    def __init__(self, reading: "Reading") -> None:
        super().__init__()
        self.reading = reading


class NoReader(Exception):
    """All readers are held by bodies that do not come."""


class Reading:
    """One body on its way, kept or thrown away."""

    def __init__(self, source: IO[bytes], size: int, *, keep: bool = True) -> None:
        self.started = time.monotonic()
        self.received = 0  # bytes
        self.ended = False  # no reader is at it any more
        self.given_up = False  # nobody wants it any more
        self._source: IO[bytes] | None = source
        self._size, self._keep = size, keep
        self._parts: list[bytes] = []
        self._error: Exception | None = None
        self._over = threading.Lock()
        self._over.acquire()

    def run(self) -> None:
        """Read until the end or the size, or until nobody wants the rest."""
        assert self._source is not None  # noqa: S101  # it runs once
        try:
            while self.received < self._size and not self.given_up:
                part = self._source.read(min(PIECE, self._size - self.received))
                if not part:
                    break
                if self._keep:
                    self._parts.append(part)
                self.received += len(part)
        except Exception as error:  # whatever a server's stream raises belongs to the request
            self._error = error
        self._source = None  # the server closes a connection whose body nobody holds

    def wait(self, seconds: float) -> bool:
        """Tell whether the reading was ended or given up within so many seconds."""
        return self._over.acquire(timeout=max(0.0, seconds))

    def wake(self) -> None:
        """Let `wait` return; a second time does nothing."""
        if self._over.locked():
            self._over.release()

    def result(self) -> bytes:
        """Return what was read; raises what the stream raised."""
        if self._error is not None:
            raise self._error
        return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)


class Readers:
    """As many readers as bodies may hang at once, `most`; more are refused.

    A body may take `timeout` seconds, and one more for each `rate` bytes that have come. Before the last places are
    taken, the bodies that have been waited for the longest are given up, so that one that comes at once finds a place.
    """

    def __init__(self, *, most: int, timeout: float, rate: int) -> None:
        self.timeout, self.rate = timeout, rate
        self._most, self._comfortable = most, most - most // 8
        self._lock = threading.Lock()
        self._waiting: dict[Reading, None] = {}  # the oldest first
        self._jobs: SimpleQueue[Reading] = SimpleQueue()
        self._threads = self._idle = 0

    def read(self, source: IO[bytes], size: int, on_wait: Callable[[], None] = lambda: None) -> bytes:
        """Return a body up to a size; raises Overdue, NoReader, and what the stream raises.

        `on_wait` is called when the body is not there at once.
        """
        reading = Reading(source, size)
        self._hand_over(reading)
        if not reading.wait(AT_ONCE):
            on_wait()
            self._wait_for(reading)
        return reading.result()

    def begin_to_drain(self, source: IO[bytes], size: int) -> Reading:
        """Have a body read that nobody wants, up to a size, so that its client can read the answer; raises NoReader."""
        reading = Reading(source, size, keep=False)
        self._hand_over(reading)
        return reading

    def drain(self, reading: Reading) -> None:
        """Let a client send the rest of what nobody wants for some seconds, unless others need the place."""
        self._wait_until(reading, lambda: reading.started + LINGER)

    def _hand_over(self, reading: Reading) -> None:
        with self._lock:
            if self._idle:
                self._idle -= 1
                self._jobs.put(reading)
                return
            if self._threads >= self._most:
                raise NoReader
            self._threads += 1
        try:
            threading.Thread(target=self._work, args=(reading,), name="body", daemon=True).start()
        except RuntimeError as error:  # the system has no more threads
            with self._lock:
                self._threads -= 1
            raise NoReader from error

    def _work(self, reading: Reading | None) -> None:
        while reading is not None:
            reading.run()
            with self._lock:
                reading.ended = True
                self._idle += 1
                reading.wake()
            reading = self._next()

    def _next(self) -> Reading | None:
        """Wait for work; None when there was none for long."""
        while True:
            try:
                return self._jobs.get(timeout=IDLE)
            except Empty:
                with self._lock:
                    if self._idle:  # else work is on its way to this one
                        self._idle -= 1
                        self._threads -= 1
                        return None

    def _wait_for(self, reading: Reading) -> None:
        """Wait for a body as long as it may take; raises Overdue."""
        self._wait_until(reading, lambda: reading.started + self.timeout + reading.received / self.rate)
        if reading.given_up:
            raise Overdue(reading)

    def _wait_until(self, reading: Reading, deadline: Callable[[], float]) -> None:
        """Wait for a body until a time that may recede as it comes, and give it up then."""
        with self._lock:
            self._waiting[reading] = None
            oldest = next(iter(self._waiting))
            if self._threads - self._idle > self._comfortable and time.monotonic() - oldest.started > CHANCE:
                self._give_up(oldest)
        while not reading.wait(deadline() - time.monotonic()):
            if time.monotonic() >= deadline():
                break
        with self._lock:
            self._give_up(reading)

    def _give_up(self, reading: Reading) -> None:
        """Let nobody wait for a body any more, unless it is there; the lock is held."""
        self._waiting.pop(reading, None)
        if not reading.ended:
            reading.given_up = True
            reading.wake()
