"""The performance page of the admin: tables and charts of all figures in a range of time."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from perf.pages import charts, formatting, history
from perf.pages.charts import Chart, ChartSeries
from perf.pages.sections import SECTIONS
from perf.timing import rows
from perf.timing.deltas import Delta
from perf.timing.figures import Figures, load

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
    deltas = history.every_start(figures, seconds)
    return {
        "figures": figures,
        "everything": all_requests,
        "per_second": all_requests.count / figures.seconds,
        "error_rate": sum(row.failed for row in requests) / all_requests.count if all_requests.count else None,
        "charts": history.charts_of(figures, deltas),
        "requests": requests[:ROWS],
        "more_requests": len(requests) - ROWS,
        "queries": [(row, row.times.total / query_seconds if query_seconds else 0.0) for row in queries[:ROWS]],
        "more_queries": len(queries) - ROWS,
        "suspects": figures.suspects()[:ROWS],
        "slow_requests": figures.slow_requests()[:EVENTS],
        "failed_requests": figures.failed_requests()[:EVENTS],
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
