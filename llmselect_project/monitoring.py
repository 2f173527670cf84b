"""Health for load balancers and people."""

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from llmselect_project.accounts import PublicView
from llmselect_project.serializers import Health
from perf.health import cache_health, database_health


class HealthView(PublicView):
    """GET /health."""

    @extend_schema(responses={200: Health, 503: Health}, tags=["health"])
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """Ask the database and the cache. Without the cache the server is slower, without the database useless."""
        database, cache = database_health(), cache_health()
        state = "error" if not database["connected"] else "ok" if cache["connected"] else "degraded"
        body = {
            "status": state,
            "timestamp": timezone.now(),
            "environment": settings.DJANGO_ENV,
            "version": settings.VERSION,
            "database": database,
            "cache": cache,
        }
        return Response(body, status=503 if state == "error" else 200)


class LivenessView(PublicView):
    """GET /health/live."""

    @extend_schema(responses={200: {"type": "object", "properties": {"status": {"type": "string"}}}}, tags=["health"])
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """Say that the process answers, asking nothing else."""
        return Response({"status": "ok"})
