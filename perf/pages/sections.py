"""Tables of figures that apps register; each is shown on the performance page, in the report and by the API."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rest_framework.serializers import Serializer

from perf.pages import formatting
from perf.timing.deltas import Delta


@dataclass(frozen=True, slots=True)
class Column:
    """A column of numbers. `text` formats the cell of a row, `alarming` tells whether it is highlighted as bad."""

    title: str
    text: Callable[[Any], str]
    alarming: Callable[[Any], bool] = lambda _: False


@dataclass(frozen=True, slots=True)
class Section:
    """A table. `rows` makes dataclasses of merged figures, and `serializer` describes one of them for the API.

    `name` is the field in the API and in the report's JSON. The column that names the rows has the title `row_title`
    and the cells `row_name`.
    """

    name: str
    title: str
    rows: Callable[[Delta], Sequence[Any]]
    row_title: str
    row_name: Callable[[Any], str]
    columns: Sequence[Column]
    serializer: type[Serializer[Any]]

    def cells(self, row: Any) -> list[tuple[str, bool]]:
        """Return the formatted numbers of a row, each with whether it is alarming."""
        return [(column.text(row), column.alarming(row)) for column in self.columns]

    def data(self, figures: Delta) -> list[dict[str, Any]]:
        """Return the rows as input of the serializer."""
        return [asdict(row) for row in self.rows(figures)]


SECTIONS: list[Section] = []


def count(attribute: str) -> Callable[[Any], str]:
    """Return a function that formats a number of a row."""
    return lambda row: formatting.number(getattr(row, attribute))


def percentile(attribute: str, name: str) -> Callable[[Any], str]:
    """Return a function that formats a percentile, like `p50`, of an attribute that is a `Times`."""
    return lambda row: formatting.duration(getattr(getattr(row, attribute), name))
