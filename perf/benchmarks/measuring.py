"""Measuring calls: in milliseconds, interleaved, and with the statements that they send to the database."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import connection

Returned = TypeVar("Returned")


def milliseconds(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value below which `percent` of a hundred of the values lie."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]


def interleaved(
    first: Callable[[], Returned], second: Callable[[], Returned], *, rounds: int, warm_up: int = 0
) -> list[tuple[Returned, Returned]]:
    """Make both calls in each round, and return what they return after the warm-up.

    Every other round begins with the second call, so that a drift of the machine's speed favours neither.
    """
    pairs = []
    for number in range(warm_up + rounds):
        if number % 2:
            later = second()
            pairs.append((first(), later))
        else:
            pairs.append((first(), second()))
    return pairs[warm_up:]


@dataclass(slots=True)
class MeasuredCall:
    """What a call returned, its time, and the number and the time of its statements; times are in ms.

    PostgreSQL's driver has all rows when a statement has been executed; SQLite finds most of them later.
    """

    returned: Any = None
    milliseconds: float = 0.0
    statements: int = 0
    database_milliseconds: float = 0.0


def measure(call: Callable[[], object]) -> MeasuredCall:
    """Make a call that uses the default database."""
    measured = MeasuredCall()

    def count(execute: Callable[..., Any], *arguments: Any) -> Any:
        start = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            measured.database_milliseconds += (time.perf_counter() - start) * 1000
            measured.statements += 1

    def run() -> None:
        measured.returned = call()

    with connection.execute_wrapper(count):
        measured.milliseconds = milliseconds(run)
    return measured
