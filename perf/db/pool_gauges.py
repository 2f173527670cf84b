"""Gauges of this worker's connection pool."""

from functools import partial

from perf.serving.health import pool_figures
from perf.timing import recorder

_FIGURES = {"pool_in_use": "checked_out", "pool_size": "pool_size", "pool_max": "pool_max", "pool_waiting": "waiting"}


def register() -> None:
    """Add the gauges to the recorder's."""
    for name, figure in _FIGURES.items():
        recorder.GAUGES[name] = partial(_read, figure)


def _read(figure: str) -> float:
    """Return a figure of the pool. Raises LookupError without a pool, and in a process that does not serve."""
    if not recorder.is_serving() or (value := pool_figures()[figure]) is None:
        raise LookupError(figure)
    return float(value)
