"""The performance page of the admin: tables and charts of all figures in a range of time."""

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from perf.pages import charts, formatting
from perf.pages.charts import Chart, ChartSeries
from perf.pages.sections import SECTIONS
from perf.timing import kinds, rows
from perf.timing.deltas import Delta
from perf.timing.figures import Figures, load
from perf.timing.stores import HOUR

ROWS, EVENTS = 20, 10  # at most in a table
REFRESH = 10  # seconds


def chosen_range(request: HttpRequest) -> str:
    """Return the name of the requested range, or of the default one."""
    name = request.GET.get("range", "")
    return name if name in formatting.RANGES else formatting.DEFAULT_RANGE


def load_range(name: str) -> Figures:
    """Return the figures of a range. Raises what the store raises."""
    return load(timezone.now() - timedelta(seconds=formatting.RANGES[name]))


@require_safe
def page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Show the figures of a range of time; 503 with the reason when they cannot be read."""
    name = chosen_range(request)
    context = {
        **site.each_context(request),
        "title": "Performance",
        "range": name,
        "ranges": list(formatting.RANGES),
        "refresh": REFRESH,
        "failure": None,
    }
    try:
        context |= _figures(load_range(name), formatting.RANGES[name])
    except Exception as error:  # whatever the store raises
        context["failure"] = formatting.read_failure(error)
    return TemplateResponse(request, "perf/overview.html", context, status=503 if context["failure"] else 200)


def _figures(figures: Figures, seconds: int) -> dict[str, Any]:
    """Return the context of `perf/figures.html` for a range of so many `seconds`."""
    requests, queries = figures.requests(), figures.queries()
    all_requests, pool = figures.all_requests(), figures.pool()
    query_seconds = sum(row.times.total for row in queries)
    texts = {row.id: row.fingerprint for row in queries}
    # Every minute or hour of the range, also those without figures.
    end = math.ceil(figures.until.timestamp())
    first = (end - seconds) // figures.span * figures.span
    deltas = {start: figures.by_start.get(start, Delta()) for start in range(first, end, figures.span)}
    return {
        "figures": figures,
        "everything": all_requests,
        "per_second": all_requests.count / figures.seconds,
        "error_rate": sum(row.failed for row in requests) / all_requests.count if all_requests.count else None,
        "charts": _charts(figures, deltas),
        "requests": requests[:ROWS],
        "more_requests": len(requests) - ROWS,
        "queries": [(row, row.times.total / query_seconds if query_seconds else 0.0) for row in queries[:ROWS]],
        "more_queries": len(queries) - ROWS,
        "suspects": figures.suspects()[:ROWS],
        "slow_requests": figures.slow_requests()[:EVENTS],
        "slow_queries": [(event, texts.get(event.what.get("id", ""))) for event in figures.slow_queries()[:EVENTS]],
        "thresholds": (settings.SLOW_REQUEST_MS, settings.SLOW_QUERY_MS),
        "caches": _caches(figures, deltas),
        "sections": [
            (section, [(section.row_name(row), section.cells(row)) for row in section.rows(figures.total)])
            for section in SECTIONS
        ],
        "pool": pool if pool.count else None,
        "gauges": figures.gauges,
        "timing": settings.TIMING,
    }


def _charts(figures: Figures, deltas: dict[int, Delta]) -> list[Chart]:
    until = figures.until.timestamp()
    labels = _labels(figures, deltas)
    times, waits, answered, failed = [], [], [], []
    for start, delta in deltas.items():
        seconds = max(min(float(figures.span), until - start), 1.0)  # the current minute or hour is not over
        times.append(rows.times(delta.of(kinds.REQUESTS).values()))
        waits.append(rows.times(delta.of(kinds.POOL).values()))
        answered.append(times[-1].count / seconds)
        failed.append(rows.count_failed(delta.of(kinds.REQUESTS)) / seconds)
    tooltips = [
        f"{label}: {formatting.number(total)} a second, {formatting.number(bad)} failed"
        for label, total, bad in zip(labels, answered, failed, strict=True)
    ]
    series = [ChartSeries("answered", "blue", answered), ChartSeries("failed (5xx)", "red", failed)]
    drawn = [
        charts.bars("Requests per second", series, tooltips, formatting.number),
        _percentiles("Time in the application", times, labels),
    ]
    if any(one.count for one in waits):
        drawn.append(_percentiles("Waiting for a connection", waits, labels))
    return drawn


def _percentiles(title: str, times: Sequence[rows.Times], labels: Sequence[str]) -> Chart:
    colours = {"p50": "green", "p95": "orange", "p99": "red"}
    tooltips = [
        f"{label}: " + ", ".join(f"{name} {formatting.duration(getattr(one, name))}" for name in colours)
        for label, one in zip(labels, times, strict=True)
    ]
    series = [ChartSeries(name, colour, [getattr(one, name) for one in times]) for name, colour in colours.items()]
    return charts.lines(title, series, tooltips, formatting.duration)


def _caches(figures: Figures, deltas: dict[int, Delta]) -> list[tuple[rows.CacheRow, Chart]]:
    """Pair each namespace with a chart of its hit rate."""
    labels = _labels(figures, deltas)
    hit_rates = [{row.namespace: row.hit_rate for row in rows.caches(delta)} for delta in deltas.values()]
    drawn = []
    for row in figures.caches():
        values = [rates.get(row.namespace) for rates in hit_rates]
        tooltips = [f"{label}: {formatting.rate(rate)}" for label, rate in zip(labels, values, strict=True)]
        series = ChartSeries("hit rate", "blue", values)
        drawn.append((row, charts.rates(f"Hit rate of {row.namespace}", series, tooltips)))
    return drawn


def _labels(figures: Figures, deltas: dict[int, Delta]) -> list[str]:
    """Format the start of each minute or hour."""
    pattern = "%Y-%m-%d %H:%M UTC" if figures.span == HOUR else "%H:%M UTC"
    return [rows.from_timestamp(start).strftime(pattern) for start in deltas]
