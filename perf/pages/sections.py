"""Tables of figures that apps add: one declaration serves the performance page, the report and the API."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rest_framework.serializers import Serializer

from perf.pages import wording
from perf.timing.deltas import Delta


@dataclass(frozen=True, slots=True)
class Column:
    """A column of numbers: its title, the text of a row's cell, and whether anything but 0 in it is bad news."""

    title: str
    text: Callable[[Any], str]
    alarming: Callable[[Any], bool] = lambda _: False


@dataclass(frozen=True, slots=True)
class Section:
    """A table: `rows` makes dataclasses of merged figures, `serializer` describes one of them for the API.

    `name` is its field in the API and in the report's JSON; `row_title` and `row_name` are of the column that names a
    row.
    """

    name: str
    title: str
    rows: Callable[[Delta], Sequence[Any]]
    row_title: str
    row_name: Callable[[Any], str]
    columns: Sequence[Column]
    serializer: type[Serializer[Any]]

    def cells(self, row: Any) -> list[tuple[str, bool]]:
        """Write the numbers of a row, each with whether it is alarming."""
        return [(column.text(row), column.alarming(row)) for column in self.columns]

    def data(self, figures: Delta) -> list[dict[str, Any]]:
        """Return the rows as the serializer takes them."""
        return [asdict(row) for row in self.rows(figures)]


SECTIONS: list[Section] = []


def count(attribute: str) -> Callable[[Any], str]:
    """Write a number of a row."""
    return lambda row: wording.number(getattr(row, attribute))


def percentile(attribute: str, name: str) -> Callable[[Any], str]:
    """Write a percentile, like `p50`, of one of a row's `Times`."""
    return lambda row: wording.duration(getattr(getattr(row, attribute), name))
