"""The performance page of the admin: what requests, statements, caches, pools and apps' calls took, with charts."""

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

from perf.pages import charts, wording
from perf.pages.charts import Chart, Series
from perf.pages.sections import SECTIONS, Section
from perf.timing import kinds, rows
from perf.timing.deltas import Delta
from perf.timing.figures import Figures, load
from perf.timing.stores import HOUR

SHOWN, SLOWEST = 20, 10  # rows of a table
REFRESH = 10  # seconds


def chosen_range(request: HttpRequest) -> str:
    """Return the range that was asked for, or the usual one."""
    name = request.GET.get("range", "")
    return name if name in wording.RANGES else wording.DEFAULT_RANGE


def figures_of(name: str) -> Figures:
    """Merge the figures of a range. Raises what the store raises."""
    return load(timezone.now() - timedelta(seconds=wording.RANGES[name]))


@require_safe
def page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Show the figures of a range of time, or why there are none."""
    name = chosen_range(request)
    context = {
        **site.each_context(request),
        "title": "Performance",
        "range": name,
        "ranges": list(wording.RANGES),
        "refresh": REFRESH,
        "failure": None,
    }
    try:
        context |= _figures(figures_of(name), wording.RANGES[name])
    except Exception as error:  # whatever the store raises
        context["failure"] = wording.no_figures(error)
    return TemplateResponse(request, "perf/overview.html", context, status=503 if context["failure"] else 200)


def _figures(figures: Figures, seconds: int) -> dict[str, Any]:
    requests, queries = figures.requests(), figures.queries()
    everything = figures.all_requests()
    in_queries = sum(row.times.total for row in queries)
    pool = figures.pool()
    texts = {row.id: row.fingerprint for row in queries}
    return {
        "figures": figures,
        "everything": everything,
        "per_second": everything.count / figures.seconds,
        "error_rate": sum(row.failed for row in requests) / everything.count if everything.count else None,
        "charts": _charts(figures, seconds),
        "requests": requests[:SHOWN],
        "more_requests": len(requests) - SHOWN,
        "queries": [(row, row.times.total / in_queries if in_queries else 0.0) for row in queries[:SHOWN]],
        "more_queries": len(queries) - SHOWN,
        "suspects": figures.suspects()[:SHOWN],
        "slow_requests": figures.slow_requests()[:SLOWEST],
        "slow_queries": [(event, texts.get(event.what.get("id", ""))) for event in figures.slow_queries()[:SLOWEST]],
        "thresholds": (settings.SLOW_REQUEST_MS, settings.SLOW_QUERY_MS),
        "caches": _caches(figures, seconds),
        "sections": [(section, _rows_of(section, figures)) for section in SECTIONS],
        "pool": pool if pool.count else None,
        "gauges": figures.gauges,
        "timing": settings.TIMING,
    }


def _rows_of(section: Section, figures: Figures) -> list[tuple[str, list[tuple[str, bool]]]]:
    """Name each row of a section, with its cells."""
    return [(section.row_name(row), section.cells(row)) for row in section.rows(figures.total)]


def _spans(figures: Figures, seconds: int) -> list[tuple[int, Delta]]:
    """List every minute or hour of the range, the last one included, with what was measured in it."""
    end = math.ceil(figures.until.timestamp())
    first = (end - seconds) // figures.span * figures.span
    return [(start, figures.by_start.get(start, Delta())) for start in range(first, end, figures.span)]


def _said(figures: Figures, start: int) -> str:
    return rows.from_timestamp(start).strftime("%Y-%m-%d %H:%M UTC" if figures.span == HOUR else "%H:%M UTC")


def _charts(figures: Figures, seconds: int) -> list[Chart]:
    spans = _spans(figures, seconds)
    until = figures.until.timestamp()
    moments = [_said(figures, start) for start, _ in spans]
    taken = [rows.times(delta.of(kinds.REQUESTS).values()) for _, delta in spans]
    lasted = [max(min(float(figures.span), until - start), 1.0) for start, _ in spans]
    answered = [found.count / length for found, length in zip(taken, lasted, strict=True)]
    failed = [_failed(delta) / length for (_, delta), length in zip(spans, lasted, strict=True)]
    waits = [rows.times(delta.of(kinds.POOL).values()) for _, delta in spans]
    return [
        charts.bars(
            "Requests per second",
            [Series("answered", "blue", answered), Series("failed (5xx)", "red", failed)],
            [
                f"{at}: {wording.number(all_)} a second, {wording.number(bad)} failed"
                for at, all_, bad in zip(moments, answered, failed, strict=True)
            ],
            wording.number,
        ),
        _percentiles("Time in the application", taken, moments),
        *([_percentiles("Waiting for a connection", waits, moments)] if any(one.count for one in waits) else []),
    ]


def _percentiles(title: str, taken: Sequence[rows.Times], moments: Sequence[str]) -> Chart:
    titles = [
        f"{at}: " + ", ".join(f"{name} {wording.duration(getattr(one, name))}" for name in ("p50", "p95", "p99"))
        for at, one in zip(moments, taken, strict=True)
    ]
    series = [
        Series(name, kind, [getattr(one, name) for one in taken])
        for name, kind in (("p50", "green"), ("p95", "orange"), ("p99", "red"))
    ]
    return charts.lines(title, series, titles, wording.duration)


def _failed(delta: Delta) -> int:
    return rows.count_failed(delta.of(kinds.REQUESTS))


def _caches(figures: Figures, seconds: int) -> list[tuple[rows.CacheRow, Chart]]:
    """Pair each namespace with its hit rate over time."""
    spans = _spans(figures, seconds)
    by_span = [{row.namespace: row.hit_rate for row in rows.caches(delta)} for _, delta in spans]
    drawn = []
    for row in figures.caches():
        rates = [found.get(row.namespace) for found in by_span]
        titles = [
            f"{_said(figures, start)}: {wording.rate(rate)}" for (start, _), rate in zip(spans, rates, strict=True)
        ]
        drawn.append((row, charts.shares(f"Hit rate of {row.namespace}", Series("hit rate", "blue", rates), titles)))
    return drawn
