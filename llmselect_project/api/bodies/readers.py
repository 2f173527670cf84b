"""A pool of threads that read request bodies, so that the thread of a request can stop waiting for one.

Granian's `wsgi.input.read` blocks until the bytes have arrived; only the end of the connection interrupts it.
"""

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import IO

CHUNK_SIZE = 65_536  # bytes; progress is known after each
PROMPT_WAIT = 0.02  # seconds; a body that takes longer counts as waiting
MIN_WAIT = 1.0  # seconds that every body has
DRAIN_TIME = 5.0  # seconds that a client may go on sending an unwanted body, as with nginx
IDLE_TIMEOUT = 30.0  # seconds without work after which a reader ends


class BodyTimeout(Exception):
    """The body did not arrive in time, or another one needed the reader, which is still blocked in `read`."""

    def __init__(self, read: "BodyRead") -> None:
        super().__init__()
        self.read = read


class ReadersBusy(Exception):
    """All readers are blocked by bodies that do not arrive."""


class BodyRead:
    """The reading of one body, which is kept or discarded."""

    def __init__(self, source: IO[bytes], size: int, *, keep: bool = True, sink: IO[bytes] | None = None) -> None:
        self.started = time.monotonic()
        self.received = 0  # bytes
        self.finished = False  # the reader is done
        self.abandoned = False  # no thread waits for it
        self._source: IO[bytes] | None = source
        self._size, self._keep, self._sink = size, keep, sink
        self._parts: list[bytes] = []
        self._error: Exception | None = None
        self._done = threading.Lock()
        self._done.acquire()

    def run(self) -> None:
        """Read until the end, the size, or until it is abandoned."""
        assert self._source is not None  # noqa: S101  # it runs once
        try:
            while self.received < self._size and not self.abandoned:
                part = self._source.read(min(CHUNK_SIZE, self._size - self.received))
                if not part:
                    break
                if self._sink is not None:
                    self._sink.write(part)
                elif self._keep:
                    self._parts.append(part)
                self.received += len(part)
        except Exception as error:  # whatever a server's stream raises belongs to the request
            self._error = error
        self._source = None  # the server closes the connection once nothing refers to its body

    def wait(self, seconds: float) -> bool:
        """Return whether the read was finished or abandoned within so many seconds."""
        return self._done.acquire(timeout=max(0.0, seconds))

    def wake(self) -> None:
        """Let `wait` return; a second call does nothing."""
        if self._done.locked():
            self._done.release()

    def result(self) -> bytes:
        """Return the body; raises what the stream raised."""
        if self._error is not None:
            raise self._error
        return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)


class ReaderPool:
    """At most `max_readers` threads, each of which may block on a body; further bodies are refused.

    A body may take `timeout` seconds, and one more for each `rate` bytes received. Once seven eighths of the readers
    are busy, each new body makes the pool abandon the one that has waited longest, so that prompt bodies find a reader.
    """

    def __init__(self, *, max_readers: int, timeout: float, rate: int) -> None:
        self.timeout, self.rate = timeout, rate
        self._max_readers, self._soft_limit = max_readers, max_readers - max_readers // 8
        self._lock = threading.Lock()
        self._waiting: dict[BodyRead, None] = {}  # the oldest first
        self._jobs: SimpleQueue[BodyRead] = SimpleQueue()
        self._threads = self._idle = 0

    def read(
        self,
        source: IO[bytes],
        size: int,
        on_wait: Callable[[], None] = lambda: None,
        sink: IO[bytes] | None = None,
    ) -> bytes:
        """Return at most `size` bytes of a body; raises BodyTimeout, ReadersBusy, and what the stream raises.

        Calls `on_wait` if the body does not arrive promptly. With a `sink` the body is written there, and nothing
        returned.
        """
        read = BodyRead(source, size, sink=sink)
        self._submit(read)
        if not read.wait(PROMPT_WAIT):
            on_wait()
            self._wait_for(read)
        return read.result()

    def start_drain(self, source: IO[bytes], size: int) -> BodyRead:
        """Start to discard a body up to a size, so that its client can read the response. Raises ReadersBusy."""
        read = BodyRead(source, size, keep=False)
        self._submit(read)
        return read

    def drain(self, read: BodyRead) -> None:
        """Wait up to `DRAIN_TIME` for the rest of a discarded body, unless another body needs the reader."""
        self._wait_until(read, lambda: read.started + DRAIN_TIME)

    def _submit(self, read: BodyRead) -> None:
        with self._lock:
            if self._idle:
                self._idle -= 1
                self._jobs.put(read)
                return
            if self._threads >= self._max_readers:
                raise ReadersBusy
            self._threads += 1
        try:
            threading.Thread(target=self._work, args=(read,), name="body", daemon=True).start()
        except RuntimeError as error:  # the system has no more threads
            with self._lock:
                self._threads -= 1
            raise ReadersBusy from error

    def _work(self, read: BodyRead | None) -> None:
        while read is not None:
            read.run()
            with self._lock:
                read.finished = True
                self._idle += 1
                read.wake()
            read = self._next_job()

    def _next_job(self) -> BodyRead | None:
        """Wait for a body; returns None after `IDLE_TIMEOUT`."""
        while True:
            try:
                return self._jobs.get(timeout=IDLE_TIMEOUT)
            except Empty:
                with self._lock:
                    if self._idle:  # else a body has been assigned to this thread
                        self._idle -= 1
                        self._threads -= 1
                        return None

    def _wait_for(self, read: BodyRead) -> None:
        """Wait for a body as long as it may take. Raises BodyTimeout."""
        self._wait_until(read, lambda: read.started + self.timeout + read.received / self.rate)
        if read.abandoned:
            raise BodyTimeout(read)

    def _wait_until(self, read: BodyRead, deadline: Callable[[], float]) -> None:
        """Wait for a body until the deadline, which may move as bytes arrive, then abandon it."""
        with self._lock:
            self._waiting[read] = None
            oldest = next(iter(self._waiting))
            if self._threads - self._idle > self._soft_limit and time.monotonic() - oldest.started > MIN_WAIT:
                self._abandon(oldest)
        while not read.wait(deadline() - time.monotonic()):
            if time.monotonic() >= deadline():
                break
        with self._lock:
            self._abandon(read)

    def _abandon(self, read: BodyRead) -> None:
        """Stop waiting for a body, unless it is finished. The caller holds the lock."""
        self._waiting.pop(read, None)
        if not read.finished:
            read.abandoned = True
            read.wake()
