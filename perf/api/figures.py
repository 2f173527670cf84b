"""Endpoints for staff with the figures of requests, statements and caches of all workers."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response

from perf.api import examples
from perf.api import figure_serializers as shown
from perf.api.base import UncachedView
from perf.api.validation import valid_query
from perf.pages.sections import SECTIONS
from perf.timing.figures import BY_MINUTE, Figures, load
from perf.timing.rows import SlowEvent


class RangeQuery(serializers.Serializer[Any]):
    """From when to when; the last hour when left out. Within the last hour by the minute, before it by the hour."""

    since = serializers.DateTimeField(required=False, default_timezone=UTC)
    until = serializers.DateTimeField(required=False, default_timezone=UTC, help_text="Now when left out.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a range that ends before it begins. Raises ValidationError."""
        until = attrs.get("until")
        if until is not None and until <= attrs.get("since", timezone.now() - BY_MINUTE):
            raise serializers.ValidationError({"until": "Must be later than `since`."})
        return attrs


class FiguresView(UncachedView):
    """A view of the figures of a range of time."""

    permission_classes = (IsAdminUser,)

    def figures(self, request: Request) -> Figures:
        """Return the figures from `since` to `until`. Raises ValidationError if one is not ISO 8601."""
        query: dict[str, datetime] = valid_query(RangeQuery, request.query_params)
        return load(query.get("since"), query.get("until"))


class RequestFiguresView(FiguresView):
    """GET /admin/perf/requests."""

    @extend_schema(
        parameters=[RangeQuery], responses=shown.RequestFigures, examples=examples.request_figures(), tags=["admin"]
    )
    def get(self, request: Request) -> Response:
        """Show how long requests take.

        Times in the application by route and method, with percentiles, errors and the slowest requests, over all
        workers, for the last hour, or from `since` to `until`.
        """
        figures = self.figures(request)
        everything = figures.all_requests()
        failed = sum(row.failed for row in figures.requests())
        body = {
            **_range(figures),
            "in_flight": int(figures.gauges.get("in_flight", 0)),
            "requests_per_second": everything.count / figures.seconds,
            "error_rate": failed / everything.count if everything.count else 0.0,
            "times": asdict(everything),
            "history": [asdict(point) for point in figures.history()],
            "results": [asdict(row) for row in figures.requests()],
            "slow": [_event(event) for event in figures.slow_requests()],
            **{section.name: section.data(figures.total) for section in SECTIONS},
        }
        return Response(shown.RequestFigures(body).data)


class QueryFiguresView(FiguresView):
    """GET /admin/perf/queries."""

    @extend_schema(
        parameters=[RangeQuery], responses=shown.QueryFigures, examples=examples.QUERY_FIGURES, tags=["admin"]
    )
    def get(self, request: Request) -> Response:
        """Show which database statements take long.

        Statements by shape, without values: how often, how long, from which routes, the slowest of them, and those that
        look like N+1.
        """
        figures = self.figures(request)
        body = {
            **_range(figures),
            "results": [asdict(row) for row in figures.queries()],
            "n_plus_one": [asdict(suspect) for suspect in figures.suspects()],
            "slow": [_event(event) for event in figures.slow_queries()],
            "pool_wait": asdict(figures.pool()),
        }
        return Response(shown.QueryFigures(body).data)


class CacheFiguresView(FiguresView):
    """GET /admin/perf/caches."""

    @extend_schema(
        parameters=[RangeQuery], responses=shown.CacheFigures, examples=examples.CACHE_FIGURES, tags=["admin"]
    )
    def get(self, request: Request) -> Response:
        """Show how the caches are used.

        How often each namespace had what was asked for, and how long the look-ups took.
        """
        figures = self.figures(request)
        body = {**_range(figures), "results": [asdict(row) for row in figures.caches()]}
        return Response(shown.CacheFigures(body).data)


def _range(figures: Figures) -> dict[str, Any]:
    return {"since": figures.since, "until": figures.until, "seconds": figures.seconds}


def _event(event: SlowEvent) -> dict[str, Any]:
    return {"at": event.at, **event.details, "duration": event.duration}
