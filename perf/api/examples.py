"""What requests and answers look like, for the documentation of the API: of each room in its own `examples.py`.

Every request works when it is sent as it stands. A test sends each, and compares what is answered with the example.
"""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiExample

from perf.pages.sections import SECTIONS
from perf.timing.request_stats import PARTS


def asked(body: Any) -> OpenApiExample:
    """Show the body of a request."""
    return OpenApiExample("Request", value=body, request_only=True)


def answered(body: Any, *, status: int = 200, media_type: str = "application/json") -> OpenApiExample:
    """Show the body of an answer; of a paged list one of its results, around which the page is drawn."""
    return OpenApiExample("Answer", value=body, response_only=True, status_codes=[str(status)], media_type=media_type)


SINCE = {"since": "2026-11-28T08:30:00Z", "until": "2026-11-28T09:30:00.572220Z", "seconds": 3600.57}
TIMES = {"count": 388, "total": 2.2859, "mean": 0.0059, "p50": 0.0012, "p95": 0.0216, "p99": 0.1475}
STATEMENT = 'SELECT "perf_timingblock"."data" AS "data" FROM "perf_timingblock" WHERE "perf_timingblock"."worker" = %s'
CONNECTED = {"connected": True, "pool_size": None, "checked_out": None}
HEALTHY = {
    "status": "ok",
    "timestamp": "2026-11-28T09:30:00.546508Z",
    "environment": "development",
    "version": settings.VERSION,
    "database": CONNECTED,
    "cache": {"connected": True},
}
POOL = ("pool_min", "pool_max", "available", "waiting", "requests", "wait_time", "timeouts", "refused")
ROUTE = "GET api/v1/admin/perf/requests"
AT = "2026-11-28T09:29:35.742388Z"
REQUEST_ROW = {
    "method": "GET",
    "route": "api/v1/admin/perf/requests",
    "times": TIMES,
    "requests_per_second": 0.1078,
    "statuses": {"200": 388},
    "failed": 0,
    "error_rate": 0.0,
    "queries": 3.0,
    "database_time": 0.0017,
    "pool_wait": 0.0,
    "streams": None,
}
SLOW_REQUEST = {
    "at": AT,
    "duration": 0.6175,
    "method": "GET",
    "route": "api/v1/admin/perf/requests",
    "status": 200,
    "query_count": 3,
    "database_time": 0.5127,
    "pool_wait": 0.0,
    "user_id": 1,
    "request_id": "99feab154daa452d8dda5cf53eaafa26",
}
QUERY_ROW = {
    "id": "ac3d1f261c4f",
    "fingerprint": STATEMENT,
    "origin": "request",
    "times": TIMES,
    "failed": 0,
    "rows": None,
    "routes": {ROUTE: 388},
    "slowest": 0.1475,
    "slowest_at": AT,
    "slowest_route": ROUTE,
    "slowest_example": STATEMENT,
}
CACHE_ROW = {"namespace": "user_state", "hits": 20, "misses": 2, "hit_rate": 0.9091, "times": TIMES}

HEALTH = [answered(HEALTHY)]
LIVENESS = [answered({"status": "ok"})]
DETAILED_HEALTH = [
    answered(
        {
            **HEALTHY,
            "database": {
                **CONNECTED,
                "vendor": "sqlite",
                "latency": 0.0013,
                "writable": True,
                "error": None,
                **dict.fromkeys(POOL),
                "connection_errors": None,
            },
            "cache": {"connected": True, "backend": "locmem", "writable": True, "latency": 0.0001, "error": None},
            "uptime": 86400.4,
            "pid": 16663,
            "pending_migrations": [],
        }
    )
]
CLEAR_CACHE = [
    asked({"namespace": "user_state"}),
    answered({"message": "Cleared user_state.", "cleared_at": AT, "namespaces": ["user_state"]}),
]
CACHE_STATS = [
    answered(
        {
            "backend": "locmem",
            "namespaces": [
                {
                    "name": "user_state",
                    "hits": 20,
                    "misses": 2,
                    "hit_rate": 0.9091,
                    "sets": 2,
                    "invalidations": 3,
                    "ttl": 60,
                }
            ],
        }
    )
]
QUERY_FIGURES = [
    answered(
        {
            **SINCE,
            "results": [QUERY_ROW],
            "n_plus_one": [],
            "slow": [{"at": AT, "duration": 0.1475, "sql": STATEMENT, "route": ROUTE}],
            "pool_wait": TIMES,
        }
    )
]
CACHE_FIGURES = [answered({**SINCE, "results": [CACHE_ROW]})]


def request_figures() -> list[OpenApiExample]:
    """Show the figures of requests, with what apps have added by the time the routes are loaded."""
    figures = {
        **SINCE,
        "in_flight": 1,
        "requests_per_second": 0.1078,
        "error_rate": 0.0,
        "times": TIMES,
        "history": [{"start": "2026-11-28T09:29:00Z", "seconds": 60.0, "times": TIMES, "failed": 0}],
        "results": [REQUEST_ROW],
        "slow": [{**SLOW_REQUEST, **{part.name: 0.0 for part in PARTS}}],
    }
    return [answered({**figures, **{section.name: [] for section in SECTIONS}})]
