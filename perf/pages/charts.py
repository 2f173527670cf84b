"""Small charts as plain shapes, which a template writes as SVG; text stands beside them, where it does not scale."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 600.0, 100.0
ROOM = 0.05  # of the height, above the highest value
DASH = 0.7  # of the room that a value has

Values = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle, and the sentence that belongs to it; `kind` names its colour."""

    x: float
    y: float
    width: float
    height: float
    kind: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """The path of a line with gaps where nothing is known; `kind` names its colour."""

    name: str
    kind: str
    path: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars and lines over time; `top` says what its edges stand for, `slots` are where a pointer finds titles."""

    title: str
    top: str
    legend: list[tuple[str, str]]
    bars: list[Bar]
    lines: list[Line]
    slots: list[Bar]
    width: float = WIDTH
    height: float = HEIGHT


@dataclass(frozen=True, slots=True)
class Series:
    """One value for each span of time, None where there is none."""

    name: str
    kind: str
    values: Values


def bars(title: str, series: Sequence[Series], titles: Sequence[str], write: Callable[[float], str]) -> Chart:
    """Draw series in front of each other as bars, the first at the back."""
    highest = _highest(series)
    step = WIDTH / max(len(titles), 1)
    drawn = [
        Bar(number * step, HEIGHT - height, step * 0.85, height, one.kind)
        for one in series
        for number, value in enumerate(one.values)
        if (height := _scaled(value, highest))
    ]
    return Chart(title, write(highest), _legend(series), drawn, [], _slots(titles))


def lines(title: str, series: Sequence[Series], titles: Sequence[str], write: Callable[[float], str]) -> Chart:
    """Draw series as lines over powers of ten, so that what is usual is seen beside what is rare."""
    seen = [value for one in series for value in one.values if value]
    lowest = 10.0 ** math.floor(math.log10(min(seen, default=0.001)))
    highest = max(10.0 ** math.ceil(math.log10(max(seen, default=1.0))), lowest * 10)
    span = math.log(highest / lowest)

    def height(value: float) -> float:
        return math.log(max(value, lowest) / lowest) / span * HEIGHT

    said = f"{write(lowest)} to {write(highest)}, logarithmic"
    return Chart(title, said, _legend(series), [], _lines(series, height), _slots(titles))


def shares(title: str, one: Series, titles: Sequence[str]) -> Chart:
    """Draw a share of 0 to 1 as a line."""
    drawn = _lines([one], lambda value: value * HEIGHT * (1 - ROOM))
    return Chart(title, "100 %", _legend([one]), [], drawn, _slots(titles))


def _lines(series: Sequence[Series], height: Callable[[float], float]) -> list[Line]:
    return [Line(one.name, one.kind, _path(one.values, height)) for one in series]


def _legend(series: Sequence[Series]) -> list[tuple[str, str]]:
    return [(one.name, one.kind) for one in series]


def _highest(series: Sequence[Series]) -> float:
    return max((value for one in series for value in one.values if value is not None), default=0.0)


def _scaled(value: float | None, highest: float) -> float:
    return round((value or 0.0) / highest * HEIGHT * (1 - ROOM), 2) if highest else 0.0


def _path(values: Values, height: Callable[[float], float]) -> str:
    """Write the path; a value without neighbours is a dash, since a point would hardly be seen."""
    step = WIDTH / max(len(values), 1)
    parts: list[str] = []
    for number, value in enumerate(values):
        if value is None:
            continue
        across, down = (number + 0.5) * step, HEIGHT - height(value)
        begins = number == 0 or values[number - 1] is None
        ends = number == len(values) - 1 or values[number + 1] is None
        if begins and ends:
            parts.append(f"M{across - step * DASH / 2:.2f} {down:.2f}h{step * DASH:.2f}")
        else:
            parts.append(f"{'M' if begins else 'L'}{across:.2f} {down:.2f}")
    return "".join(parts)


def _slots(titles: Sequence[str]) -> list[Bar]:
    step = WIDTH / max(len(titles), 1)
    return [Bar(round(number * step, 2), 0, step, HEIGHT, title=title) for number, title in enumerate(titles)]
