"""Gauges of this worker's connection pool."""

from functools import partial

from perf.serving.health import pool_stats
from perf.timing import recorder

_GAUGES = {"pool_in_use": "checked_out", "pool_size": "pool_size", "pool_max": "pool_max", "pool_waiting": "waiting"}


def register() -> None:
    """Register the gauges with the recorder."""
    for gauge, name in _GAUGES.items():
        recorder.GAUGES[gauge] = partial(_read, name)


def _read(name: str) -> float:
    """Return a statistic of the pool. Raises LookupError without a pool, and in a process that does not serve."""
    if not recorder.is_serving() or (value := pool_stats()[name]) is None:
        raise LookupError(name)
    return float(value)
