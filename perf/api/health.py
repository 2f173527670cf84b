"""Health endpoints for load balancers and staff."""

import os
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response

from perf.api.base import PublicView, UncachedView
from perf.api.health_serializers import DetailedHealth, Health
from perf.caching.stats import backend
from perf.db.connections import release
from perf.serving import health


class HealthView(PublicView):
    """GET /health."""

    @extend_schema(responses={200: Health, 503: Health}, tags=["health"])
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """Ask the database and the cache, for at most 1.5 s.

        Without the cache the server is slower, and without writes it only serves what is there (`degraded`); without
        the database it is useless (`error`, 503).
        """
        found = health.examine()
        body = Health({**_common(found), "database": found.database, "cache": found.cache}).data
        return Response(body, status=_status_code(found))


class LivenessView(PublicView):
    """GET /health/live."""

    @extend_schema(
        responses={200: inline_serializer("Liveness", {"status": serializers.CharField()})},
        tags=["health"],
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """Say that the process answers, asking nothing else."""
        return Response({"status": "ok"})


class DetailedHealthView(UncachedView):
    """GET /admin/health/detailed."""

    permission_classes = (IsAdminUser,)

    @extend_schema(responses={200: DetailedHealth, 503: DetailedHealth}, tags=["admin"])
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """Show what /health found, with reasons, the figures of this worker's pool, and pending migrations."""
        release()  # authentication may hold a connection, which must not count as checked out
        found = health.examine(thorough=True)
        body = {
            **_common(found),
            "uptime": round(health.uptime(), 1),
            "pid": os.getpid(),
            "database": {"vendor": connection.vendor, **found.database},
            "cache": {"backend": backend(), **found.cache},
            "pending_migrations": found.pending,
        }
        return Response(DetailedHealth(body).data, status=_status_code(found))


def _common(found: health.Health) -> dict[str, Any]:
    return {
        "status": found.status,
        "timestamp": timezone.now(),
        "environment": settings.DJANGO_ENV,
        "version": settings.VERSION,
    }


def _status_code(found: health.Health) -> int:
    return 503 if found.status == "error" else 200
