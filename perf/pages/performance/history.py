"""Charts of requests over time: of all of them, or of one route."""

import math
from collections.abc import Callable, Sequence

from perf.pages import charts, formatting
from perf.pages.charts import Chart, ChartSeries
from perf.timing import kinds, rows
from perf.timing.deltas import Delta
from perf.timing.figures import Figures
from perf.timing.kinds import Key
from perf.timing.stores import HOUR


def every_start(figures: Figures, seconds: int) -> dict[int, Delta]:
    """Return a delta for every minute or hour of a range of `seconds` by its start, also for those without figures."""
    end = math.ceil(figures.until.timestamp())
    first = (end - seconds) // figures.span * figures.span
    return {start: figures.by_start.get(start, Delta()) for start in range(first, end, figures.span)}


def charts_of(
    figures: Figures, deltas: dict[int, Delta], chosen: Callable[[Key], bool], *, waits_too: bool = False
) -> list[Chart]:
    """Draw requests per second and their times; `chosen` narrows them by method, route and status.

    With `waits_too` the waits for a connection are drawn as well, of all requests.
    """
    until = figures.until.timestamp()
    names = labels(figures, deltas)
    times, waits, answered, failed = [], [], [], []
    for start, delta in deltas.items():
        seconds = max(min(float(figures.span), until - start), 1.0)  # the current minute or hour is not over
        requests = {key: series for key, series in delta.of(kinds.REQUESTS).items() if chosen(key)}
        times.append(rows.times(requests.values()))
        waits.append(rows.times(delta.of(kinds.POOL).values() if waits_too else ()))
        answered.append(times[-1].count / seconds)
        failed.append(rows.count_failed(requests) / seconds)
    tooltips = [
        f"{label}: {formatting.number(total)} a second, {formatting.number(bad)} failed"
        for label, total, bad in zip(names, answered, failed, strict=True)
    ]
    series = [ChartSeries("answered", "blue", answered), ChartSeries("failed (5xx)", "red", failed)]
    drawn = [
        charts.bars("Requests per second", series, tooltips, lambda top: f"up to {formatting.number(top)} a second"),
        _percentiles("Time in the application", times, names),
    ]
    if any(one.count for one in waits):
        drawn.append(_percentiles("Waiting for a connection", waits, names))
    return drawn


def _percentiles(title: str, times: Sequence[rows.Times], labels: Sequence[str]) -> Chart:
    colours = {"p50": "green", "p95": "orange", "p99": "red"}
    tooltips = [
        f"{label}: " + ", ".join(f"{name} {formatting.duration(getattr(one, name))}" for name in colours)
        for label, one in zip(labels, times, strict=True)
    ]
    series = [ChartSeries(name, colour, [getattr(one, name) for one in times]) for name, colour in colours.items()]
    return charts.lines(title, series, tooltips, formatting.duration)


def labels(figures: Figures, deltas: dict[int, Delta]) -> list[str]:
    """Format the start of each minute or hour."""
    pattern = "%Y-%m-%d %H:%M UTC" if figures.span == HOUR else "%H:%M UTC"
    return [rows.from_timestamp(start).strftime(pattern) for start in deltas]
