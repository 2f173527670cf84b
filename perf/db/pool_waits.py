"""What threads wait for the database pool: counted since the process began, and told to whoever listens."""

import threading
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waits:
    """Checkouts of this process so far: how many, the seconds they took in all, and how many failed in which way."""

    requests: int = 0
    seconds: float = 0.0
    timeouts: int = 0  # nothing became free in time, or the queue was full
    refused: int = 0  # the server was known to be gone


observers: list[Callable[[float], None]] = []
"""Called with the seconds of each checkout, in the thread that waited, also when it waited in vain. Must not raise."""

_lock = threading.Lock()
_waits = Waits()


def waits() -> Waits:
    """Return what has been counted so far."""
    return _waits


def waited(seconds: float, *, timed_out: bool = False, refused: bool = False) -> None:
    """Count one checkout, and tell the observers."""
    global _waits  # one pool a process
    with _lock:
        _waits = Waits(
            _waits.requests + 1, _waits.seconds + seconds, _waits.timeouts + timed_out, _waits.refused + refused
        )
    for observe in observers:
        observe(seconds)
