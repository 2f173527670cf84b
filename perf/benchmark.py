"""Benchmarks: what apps register to be measured, and how results are said."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class Result:
    """One measured figure, and the bound it must keep, if there is one."""

    figure: str
    value: float
    unit: str
    at_most: float | None = None

    @property
    def holds(self) -> bool:
        """Tell whether the bound is kept."""
        return self.at_most is None or self.value <= self.at_most

    def __str__(self) -> str:
        bound = "" if self.at_most is None else f" (at most {self.at_most:g}: {'ok' if self.holds else 'MISSED'})"
        return f"{self.figure}: {self.value:.4g} {self.unit}{bound}"


@dataclass(frozen=True, slots=True)
class Options:
    """What a case is run with."""

    database_url: str | None = None
    redis_url: str | None = None
    rounds: int = 300
    seconds: int = 60


@dataclass(frozen=True, slots=True)
class Case:
    """A named measurement; `path` is the dotted path of a function of `Options` that yields results."""

    name: str
    summary: str
    path: str

    def run(self, options: Options) -> Iterator[Result]:
        """Measure, yielding each result as it is known."""
        measure: Callable[[Options], Iterator[Result]] = import_string(self.path)
        return measure(options)


CASES: dict[str, Case] = {}


def register(name: str, summary: str, path: str) -> None:
    """Offer a case to `manage.py benchmark`; apps do so in `AppConfig.ready()`.

    Only the path is taken, so that a server never loads what it never measures.
    """
    CASES[name] = Case(name, summary, path)


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value below which `percent` of a hundred of the values lie."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]
