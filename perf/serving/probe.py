"""Probes of services that may never answer."""

import threading
import time
from collections.abc import Callable
from typing import Any

from perf.db.connections import one_line

LIMIT = 1.5  # seconds that a caller waits
TOO_SLOW = f"no answer within {LIMIT:g} s"

Answer = dict[str, Any]


class _Attempt:
    def __init__(self) -> None:
        self.started = time.monotonic()
        self.done = threading.Event()
        self.answer: Answer = {}


class Probe:
    """Calls `ask` in a thread, at most once at a time; callers that come meanwhile share its answer.

    So a service that hangs occupies one thread, and many callers cost the service one connection. An answer is reused
    for `max_age` seconds.
    """

    def __init__(self, ask: Callable[[], Answer], *, max_age: float = 0.0) -> None:
        self._ask = ask
        self._max_age = max_age
        self._lock = threading.Lock()
        self._current: _Attempt | None = None
        self._previous: _Attempt | None = None

    def begin(self, *, force: bool = False) -> Callable[[], Answer]:
        """Ask without waiting; the returned function waits for the answer, at most until `LIMIT` has passed.

        The answer is what `ask` returned, with `latency` in seconds, or {"error": message} if it raised or is too slow.
        `force` ignores an answer that could be reused.
        """
        now = time.monotonic()
        deadline = now + LIMIT
        with self._lock:
            current = self._current
            if current is None or (current.done.is_set() and (force or now - current.started >= self._max_age)):
                self._previous = current
                current = self._current = _Attempt()
                threading.Thread(target=self._run, args=(current,), name="probe", daemon=True).start()

        def wait() -> Answer:
            in_time = current.done.wait(max(0.0, deadline - time.monotonic()))
            return current.answer if in_time else {"error": TOO_SLOW}

        return wait

    def last(self) -> Answer:
        """Return the newest answer without asking or waiting; {} if there is none."""
        for attempt in (self._current, self._previous):
            if attempt is not None and attempt.done.is_set():
                return attempt.answer
        return {}

    def reset(self) -> None:
        """Discard all answers."""
        with self._lock:
            self._current = self._previous = None

    def _run(self, attempt: _Attempt) -> None:
        begin = time.perf_counter()
        try:
            answer = self._ask()
            attempt.answer = {**answer, "latency": round(time.perf_counter() - begin, 4)}
        except Exception as error:  # every service has exceptions of its own
            attempt.answer = {"error": one_line(error) or type(error).__name__}
        finally:
            attempt.done.set()
