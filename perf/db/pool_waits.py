"""Counts checkouts of the database pool since the process started, and reports each to observers."""

import threading
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CheckoutStats:
    """The checkouts of this process: their number, the sum of their seconds, and the numbers that failed."""

    requests: int = 0
    seconds: float = 0.0
    timeouts: int = 0  # no connection became free in time, or the queue was full
    refused: int = 0  # the server was known to be down


observers: list[Callable[[float], None]] = []
"""Called with the seconds of each checkout, failed ones included, in the thread that waited. Must not raise."""

_lock = threading.Lock()
_stats = CheckoutStats()


def checkout_stats() -> CheckoutStats:
    """Return the current counts."""
    return _stats


def record_checkout(seconds: float, *, timed_out: bool = False, refused: bool = False) -> None:
    """Count a checkout, and call the observers."""
    global _stats  # one pool a process
    with _lock:
        _stats = CheckoutStats(
            _stats.requests + 1, _stats.seconds + seconds, _stats.timeouts + timed_out, _stats.refused + refused
        )
    for observe in observers:
        observe(seconds)
