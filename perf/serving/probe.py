"""Asking a service a question that it may never answer."""

import threading
import time
from collections.abc import Callable
from typing import Any

LIMIT = 1.5  # seconds that whoever asks waits
TOO_SLOW = f"no answer within {LIMIT:g} s"

Answer = dict[str, Any]


class _Round:
    """One asking of the question, under way or over."""

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self.over = threading.Event()
        self.answer: Answer = {}


class Probe:
    """A question asked at most once at a time, in a thread of its own; whoever asks meanwhile takes that answer.

    So a service that hangs costs one thread, and a flood of askers costs the service one connection. An answer may
    count for `keep` seconds, where asking costs more.
    """

    def __init__(self, ask: Callable[[], Answer], *, keep: float = 0.0) -> None:
        self._ask = ask
        self._keep = keep
        self._lock = threading.Lock()
        self._round: _Round | None = None
        self._before: _Round | None = None

    def begin(self, *, anew: bool = False) -> Callable[[], Answer]:
        """Begin to ask, without waiting; the function returned waits for the answer until `LIMIT` is over.

        The answer is what `ask` returned, with `latency` in seconds, or {"error": sentence} for what it raised; `anew`
        asks although one counts still.
        """
        now = time.monotonic()
        deadline = now + LIMIT
        with self._lock:
            current = self._round
            if current is None or (current.over.is_set() and (anew or now - current.begun >= self._keep)):
                self._before = current
                current = self._round = _Round()
                threading.Thread(target=self._run, args=(current,), name="probe", daemon=True).start()

        def wait() -> Answer:
            in_time = current.over.wait(max(0.0, deadline - time.monotonic()))
            return current.answer if in_time else {"error": TOO_SLOW}

        return wait

    def last(self) -> Answer:
        """Return the newest answer that is there, without asking or waiting; {} when there is none."""
        for asked in (self._round, self._before):
            if asked is not None and asked.over.is_set():
                return asked.answer
        return {}

    def forget(self) -> None:
        """Let no answer count that is there."""
        with self._lock:
            self._round = self._before = None

    def _run(self, current: _Round) -> None:
        begin = time.perf_counter()
        try:
            answer = self._ask()
            current.answer = {**answer, "latency": round(time.perf_counter() - begin, 4)}
        except Exception as error:  # every service has exceptions of its own, and all of them mean no
            current.answer = {"error": " ".join(str(error).split()) or type(error).__name__}
        finally:
            current.over.set()
