"""Benchmarks: what apps register to be measured, and how results are said."""

import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class Result:
    """One measured figure, and the bounds it must keep, if there are any."""

    figure: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def holds(self) -> bool:
        """Tell whether the bounds are kept."""
        low = self.at_least is None or self.value >= self.at_least
        return low and (self.at_most is None or self.value <= self.at_most)

    def __str__(self) -> str:
        return f"{self.figure}: {self.said}"

    @property
    def said(self) -> str:
        """The value with its unit and bounds."""
        bounds = [
            (word, bound)
            for word, bound in (("at most", self.at_most), ("at least", self.at_least))
            if bound is not None
        ]
        said = "".join(f" ({word} {bound:g}: {'ok' if self.holds else 'MISSED'})" for word, bound in bounds)
        return f"{self.value:.4g} {self.unit}{said}"

    @property
    def results(self) -> "tuple[Result, ...]":
        """Itself, as a `Row` has several."""
        return (self,)

    def as_json(self) -> dict[str, Any]:
        """All there is to say of it."""
        return {**asdict(self), "holds": self.holds}


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of one thing, a line of a table; its results are named like the table's columns."""

    name: str
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence on what the figures around it are of."""

    text: str


Output = Result | Row | Note


class Recorded:
    """Passes outputs on as they come, and keeps them."""

    def __init__(self, outputs: Iterator[Output]) -> None:
        self._outputs = outputs
        self.seen: list[Output] = []

    def __iter__(self) -> Iterator[Output]:
        for output in self._outputs:
            self.seen.append(output)
            yield output

    @property
    def missed(self) -> int:
        """How many bounds were missed so far."""
        results = [result for output in self.seen if not isinstance(output, Note) for result in output.results]
        return sum(not result.holds for result in results)


class UnknownRow(Exception):
    """There is none of the name that `--only` gave."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a case is run with."""

    database_url: str | None = None
    redis_url: str | None = None
    rounds: int = 300
    seconds: int = 60
    messages: int = 1_000_000
    only: tuple[str, ...] = ()

    @property
    def embedded(self) -> bool:
        """Whether everything runs in one process, on SQLite and its own memory: what most goals are set for."""
        return self.database_url is None and self.redis_url is None

    def goal(self, limit: float | None) -> float | None:
        """Return the limit of a goal that is set for that alone."""
        return limit if self.embedded else None

    def chosen(self, rows: Iterable[str]) -> list[str]:
        """Return those of a case's rows that are wanted, all when nothing is said; raises UnknownRow."""
        known = list(rows)
        if unknown := [name for name in self.only if name not in known]:
            raise UnknownRow(f"There is no {', '.join(unknown)}; there are {', '.join(known)}.")
        return [name for name in known if name in self.only or not self.only]


@dataclass(frozen=True, slots=True)
class Case:
    """A named measurement; `path` is the dotted path of a function of `Options` that yields what it finds."""

    name: str
    summary: str
    path: str

    def run(self, options: Options) -> Iterator[Output]:
        """Measure, yielding each result as it is known."""
        measure: Callable[[Options], Iterator[Output]] = import_string(self.path)
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
