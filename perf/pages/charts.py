"""Small charts as plain data, which a template writes as SVG; their text is HTML, so that it does not scale."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 600.0, 100.0
FULL = HEIGHT * 0.95  # the height of the greatest value, which leaves a margin above it
DASH = 0.7  # the length of a dash, as a share of the width that a value has


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle; `kind` is the class that gives its colour, `title` its tooltip."""

    x: float
    y: float
    width: float
    height: float
    kind: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """The SVG path of a line, which has gaps where values are None; `kind` is the class that gives its colour."""

    name: str
    kind: str
    path: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars and lines over time.

    `top` describes the vertical axis. `legend` pairs names with classes. `tooltips` are invisible bars of full height.
    """

    title: str
    top: str
    legend: list[tuple[str, str]]
    bars: list[Bar]
    lines: list[Line]
    tooltips: list[Bar]
    width: float = WIDTH
    height: float = HEIGHT


@dataclass(frozen=True, slots=True)
class ChartSeries:
    """One value for each minute or hour, None where there is none."""

    name: str
    kind: str
    values: Sequence[float | None]


def bars(title: str, series: Sequence[ChartSeries], tooltips: Sequence[str], label: Callable[[float], str]) -> Chart:
    """Draw series as bars in front of each other, the first at the back; `label` formats a value."""
    highest = max((value for one in series for value in one.values if value is not None), default=0.0)
    step = WIDTH / max(len(tooltips), 1)
    drawn = []
    for one in series:
        for position, value in enumerate(one.values):
            height = round((value or 0.0) / highest * FULL, 2) if highest else 0.0
            if height:
                drawn.append(Bar(position * step, HEIGHT - height, step * 0.85, height, one.kind))
    return _chart(title, label(highest), series, tooltips, bars=drawn)


def lines(title: str, series: Sequence[ChartSeries], tooltips: Sequence[str], label: Callable[[float], str]) -> Chart:
    """Draw series as lines on a logarithmic axis, which shows usual and rare values together."""
    values = [value for one in series for value in one.values if value]
    lowest = 10.0 ** math.floor(math.log10(min(values, default=0.001)))
    highest = max(10.0 ** math.ceil(math.log10(max(values, default=1.0))), lowest * 10)

    def height(value: float) -> float:
        return math.log(max(value, lowest) / lowest) / math.log(highest / lowest) * HEIGHT

    top = f"{label(lowest)} to {label(highest)}, logarithmic"
    return _chart(title, top, series, tooltips, height=height)


def rates(title: str, series: ChartSeries, tooltips: Sequence[str]) -> Chart:
    """Draw rates of 0 to 1 as a line."""
    return _chart(title, "100 %", [series], tooltips, height=lambda rate: rate * FULL)


def _chart(
    title: str,
    top: str,
    series: Sequence[ChartSeries],
    tooltips: Sequence[str],
    *,
    bars: Sequence[Bar] = (),
    height: Callable[[float], float] | None = None,
) -> Chart:
    """Make a chart of bars, or of lines if `height` maps values to heights."""
    step = WIDTH / max(len(tooltips), 1)
    legend = [(one.name, one.kind) for one in series]
    drawn = [Line(one.name, one.kind, _path(one.values, height)) for one in series] if height else []
    hover = [Bar(round(position * step, 2), 0, step, HEIGHT, title=text) for position, text in enumerate(tooltips)]
    return Chart(title, top, legend, list(bars), drawn, hover)


def _path(values: Sequence[float | None], height: Callable[[float], float]) -> str:
    """Return an SVG path; a value without neighbours becomes a dash, since a point is hard to see."""
    step = WIDTH / max(len(values), 1)
    parts: list[str] = []
    for position, value in enumerate(values):
        if value is None:
            continue
        x, y = (position + 0.5) * step, HEIGHT - height(value)
        starts = position == 0 or values[position - 1] is None
        ends = position == len(values) - 1 or values[position + 1] is None
        if starts and ends:
            parts.append(f"M{x - step * DASH / 2:.2f} {y:.2f}h{step * DASH:.2f}")
        else:
            parts.append(f"{'M' if starts else 'L'}{x:.2f} {y:.2f}")
    return "".join(parts)
