"""The page of one route: its history, its statements, its slow requests; and that of one request by its id."""

from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from perf.pages import formatting
from perf.pages.performance import history, ranges, requests
from perf.timing.figures import Figures
from perf.timing.kinds import Key
from perf.timing.request_stats import PARTS
from perf.timing.rows import QueryRow, SlowEvent

ROWS = 20  # statements in a table
ID_LENGTH = 200  # characters of a request id that count


@require_safe
def page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Show the route of the parameter `route`, of all methods or of the one of `method`.

    404 for a route that is not among the figures of the widest range, 503 when they cannot be read.
    """
    chosen = ranges.chosen(request)
    method, route = request.GET.get("method", ""), request.GET.get("route", "")
    context = {
        **site.each_context(request),
        "title": f"{method} {route}".strip(),
        "subtitle": "Performance",
        "range": chosen,
        "ranges": ranges.NAMES,
        "method": method,
        "route": route,
        "failure": None,
        "thresholds": (settings.SLOW_REQUEST_MS, settings.SLOW_QUERY_MS),
    }
    try:
        found = _of_route(chosen.load(), chosen.seconds, method, route)
        known = found["requests"] or found["queries"] or _is_known(ranges.named(ranges.WIDEST).load(), route)
    except Exception as error:  # whatever the store raises
        found, known = {"failure": formatting.read_failure(error)}, True
    if not known:
        raise Http404
    status = 503 if found.get("failure") else 200
    return TemplateResponse(request, "perf/route.html", context | found, status=status)


@require_safe
def request_page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Show all that is known of the request with the id of the parameter `id`; 503 when the figures cannot be read.

    Known are requests that were slow or failed, and the slow statements of any request.
    """
    wanted, widest = request.GET.get("id", "").strip()[:ID_LENGTH], ranges.named(ranges.WIDEST)
    context: dict[str, Any] = {
        **site.each_context(request),
        "title": "Request",
        "subtitle": wanted,
        "wanted": wanted,
        "range": widest,
        "failure": None,
        "thresholds": (settings.SLOW_REQUEST_MS, settings.SLOW_QUERY_MS),
    }
    try:
        context |= _of_request(widest.load(), wanted)
    except Exception as error:  # whatever the store raises
        context["failure"] = formatting.read_failure(error)
    return TemplateResponse(request, "perf/request.html", context, status=503 if context["failure"] else 200)


def _of_route(figures: Figures, seconds: int, method: str, route: str) -> dict[str, Any]:
    def chosen(key: Key) -> bool:
        return key[1] == route and method in ("", key[0])

    queries = [row for row in figures.queries() if route in row.routes]
    slow, failed = (
        [event for event in events if chosen((event.details["method"], event.details["route"]))]
        for events in (figures.slow_requests(), figures.failed_requests())
    )
    return {
        "figures": figures,
        "requests": [row for row in figures.requests() if chosen((row.method, row.route))],
        "charts": history.charts_of(figures, history.every_start(figures, seconds), chosen),
        "queries": [(row, row.routes[route]) for row in queries[:ROWS]],
        "more_queries": len(queries) - ROWS,
        "suspects": [row for row in figures.suspects() if row.route == route],
        "parts": PARTS,
        "slow_requests": requests.lines(slow),
        "failed_requests": requests.lines(failed),
        "slow_queries": _with_texts(figures, [e for e in figures.slow_queries() if e.details.get("route") == route]),
    }


def _is_known(figures: Figures, route: str) -> bool:
    return any(row.route == route for row in figures.requests()) or any(
        route in row.routes for row in figures.queries()
    )


def _of_request(figures: Figures, wanted: str) -> dict[str, Any]:
    kept = (*figures.slow_requests(), *figures.failed_requests())
    events = [event for event in kept if wanted and event.details.get("request_id") == wanted]
    slow = [event for event in figures.slow_queries() if wanted and event.details.get("request_id") == wanted]
    route = next((event.details["route"] for event in (*events, *slow) if event.details.get("route")), "")
    queries: list[QueryRow] = [row for row in figures.queries() if route and route in row.routes]
    return {
        "line": requests.lines(events[:1])[0] if events else None,
        "parts": PARTS,
        "route": route,
        "slow_queries": _with_texts(figures, slow),
        "queries": [(row, row.routes[route]) for row in queries[:ROWS]],
        "more_queries": len(queries) - ROWS,
    }


def _with_texts(figures: Figures, events: list[SlowEvent]) -> list[tuple[SlowEvent, str | None]]:
    """Pair slow statements with their fingerprints, None where it is not among the figures any more."""
    texts = {row.id: row.fingerprint for row in figures.queries()}
    return [(event, texts.get(event.details.get("id", ""))) for event in events]
