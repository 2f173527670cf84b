"""Benchmark cases: what apps register to be measured, how a case is run, and the figures that it yields."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class Result:
    """One measured figure, and the bounds that it must keep, if there are any."""

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
        bounds = {"at most": self.at_most, "at least": self.at_least}
        verdict = "ok" if self.holds else "MISSED"
        goals = "".join(f" ({word} {bound:g}: {verdict})" for word, bound in bounds.items() if bound is not None)
        return f"{self.figure}: {self.value:.4g} {self.unit}{goals}"

    @property
    def column(self) -> str:
        """The head of the column that shows this figure in a table."""
        return f"{self.figure} {self.unit}".strip()

    def as_json(self) -> dict[str, Any]:
        """Return all fields, and whether the bounds are kept."""
        return {**asdict(self), "holds": self.holds}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table; its results are named like the table's columns."""

    name: str
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence about the figures around it."""

    text: str


Output = Result | Row | Note


def results_of(output: Output) -> tuple[Result, ...]:
    """Return the results in an output."""
    return (output,) if isinstance(output, Result) else output.results if isinstance(output, Row) else ()


class UnknownRow(Exception):
    """A case has no row with the name that `--only` gives."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options of `manage.py benchmark` that a case may use."""

    database_url: str | None = None
    redis_url: str | None = None
    rounds: int = 300
    seconds: int = 60
    messages: int = 1_000_000
    only: tuple[str, ...] = ()
    votes: str | None = None
    litellm: str | None = None

    @property
    def embedded(self) -> bool:
        """Whether the server uses SQLite and its own memory, for which most goals are set."""
        return self.database_url is None and self.redis_url is None

    def goal(self, limit: float | None) -> float | None:
        """Return a limit that is a goal only where the server is `embedded`."""
        return limit if self.embedded else None

    def chosen(self, rows: Iterable[str]) -> list[str]:
        """Return the rows of a case that `only` names, or all rows if it is empty; raises UnknownRow."""
        known = list(rows)
        if unknown := [name for name in self.only if name not in known]:
            raise UnknownRow(f"There is no {', '.join(unknown)}; there are {', '.join(known)}.")
        return [name for name in known if name in self.only or not self.only]


@dataclass(frozen=True, slots=True)
class Case:
    """A measurement; `path` is the dotted path of a function that takes `Options` and yields outputs.

    It is a path so that a server never loads what it never measures.
    """

    summary: str
    path: str

    def run(self, options: Options) -> Iterator[Output]:
        """Measure, and yield each output as soon as it is known."""
        measure: Callable[[Options], Iterator[Output]] = import_string(self.path)
        return measure(options)


CASES: dict[str, Case] = {}


def register(cases: Mapping[str, Case]) -> None:
    """Offer cases by name to `manage.py benchmark`; apps call this in `AppConfig.ready()`."""
    CASES.update(cases)
