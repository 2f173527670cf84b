"""The performance page of the admin: tables and charts of all figures in a range of time."""

from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from perf.pages import charts, formatting
from perf.pages.charts import Chart, ChartSeries
from perf.pages.performance import history, ranges, requests
from perf.pages.sections import SECTIONS
from perf.timing import rows
from perf.timing.deltas import Delta
from perf.timing.figures import Figures
from perf.timing.request_stats import PARTS

ROWS, EVENTS = 20, 10  # at most in a table
REFRESH = 10  # seconds


@require_safe
def page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Show the figures of a range of time; 503 with the reason when they cannot be read."""
    chosen = ranges.chosen(request)
    context = {
        **site.each_context(request),
        "title": "Performance",
        "range": chosen,
        "ranges": ranges.NAMES,
        "refresh": REFRESH,
        "failure": None,
    }
    try:
        context |= _figures(chosen.load(), chosen.seconds)
    except Exception as error:  # whatever the store raises
        context["failure"] = formatting.read_failure(error)
    return TemplateResponse(request, "perf/overview.html", context, status=503 if context["failure"] else 200)


def _figures(figures: Figures, seconds: int) -> dict[str, Any]:
    """Return the context of `perf/figures.html` for a range of so many `seconds`."""
    routes, queries = figures.requests(), figures.queries()
    headline, pool = requests.headline(figures), figures.pool()
    query_seconds = sum(row.times.total for row in queries)
    texts = {row.id: row.fingerprint for row in queries}
    deltas = history.every_start(figures, seconds)
    return {
        "figures": figures,
        "headline": headline,
        "per_second": headline.times.count / figures.seconds,
        "charts": history.charts_of(figures, deltas, requests.counts, waits_too=True),
        "requests": routes[:ROWS],
        "more_requests": len(routes) - ROWS,
        "queries": [(row, row.times.total / query_seconds if query_seconds else 0.0) for row in queries[:ROWS]],
        "more_queries": len(queries) - ROWS,
        "suspects": figures.suspects()[:ROWS],
        "parts": PARTS,
        "slow_requests": requests.lines(figures.slow_requests()[:EVENTS]),
        "failed_requests": requests.lines(figures.failed_requests()[:EVENTS]),
        "slow_queries": [(event, texts.get(event.details.get("id", ""))) for event in figures.slow_queries()[:EVENTS]],
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


def _caches(figures: Figures, deltas: dict[int, Delta]) -> list[tuple[rows.CacheRow, Chart]]:
    """Pair each namespace with a chart of its hit rate."""
    labels = history.labels(figures, deltas)
    hit_rates = [{row.namespace: row.hit_rate for row in rows.caches(delta)} for delta in deltas.values()]
    drawn = []
    for row in figures.caches():
        values = [rates.get(row.namespace) for rates in hit_rates]
        tooltips = [f"{label}: {formatting.rate(rate)}" for label, rate in zip(labels, values, strict=True)]
        series = ChartSeries("hit rate", "blue", values)
        drawn.append((row, charts.rates(f"Hit rate of {row.namespace}", series, tooltips)))
    return drawn
