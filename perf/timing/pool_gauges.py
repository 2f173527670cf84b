"""What the pool of a worker holds at this moment, handed on with its figures."""

from collections.abc import Callable

from perf.serving.health import pool_figures
from perf.timing import recorder

FIGURES = {"pool_in_use": "checked_out", "pool_size": "pool_size", "pool_max": "pool_max", "pool_waiting": "waiting"}


def look_at(figure: str) -> Callable[[], float]:
    """Make what looks at one figure; it raises LookupError where there is no pool, or nobody serves by it."""

    def look() -> float:
        if not recorder.is_serving() or (value := pool_figures()[figure]) is None:
            raise LookupError(figure)
        return float(value)

    return look


def register() -> None:
    """Hand the figures on from now on."""
    for name, figure in FIGURES.items():
        recorder.GAUGES[name] = look_at(figure)
