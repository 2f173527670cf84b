"""Endpoints for staff that clear caches and show their statistics."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response

from perf.api import examples
from perf.api.base import UncachedView
from perf.api.fields import TextField
from perf.api.validation import valid
from perf.caching.namespace import NAMESPACES, clear_caches
from perf.caching.stats import all_stats, backend


class CacheUnavailable(APIException):
    """The cache does not answer, so that it cannot serve stale entries either."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "server_busy"
    default_detail = "The cache does not answer."
    wait = 1


class ClearInput(serializers.Serializer[Any]):
    """Which namespace to clear; all when left out."""

    namespace = TextField(required=False, max_length=50)


class Cleared(serializers.Serializer[Any]):
    """What was cleared, and when."""

    message = serializers.CharField()
    cleared_at = serializers.DateTimeField()
    namespaces = serializers.ListField(child=serializers.CharField())


class ClearCacheView(UncachedView):
    """POST /admin/cache/clear."""

    permission_classes = (IsAdminUser,)

    @extend_schema(request=ClearInput, responses=Cleared, examples=examples.CLEAR_CACHE, tags=["admin"])
    def post(self, request: Request) -> Response:
        """Clear caches.

        Forgets what is cached in one namespace or all, for every worker. Needed only after changes that nobody told the
        server of, like those by SQL.
        """
        wanted = valid(ClearInput, request.data).get("namespace")
        if wanted is not None and wanted not in NAMESPACES:
            raise ValidationError({"namespace": f"Must be one of {', '.join(sorted(NAMESPACES))}."})
        try:
            names = clear_caches(wanted)
        except Exception as error:  # whatever the cache backend raises
            raise CacheUnavailable from error
        message = f"Cleared {', '.join(names)}."
        return Response({"message": message, "cleared_at": timezone.now(), "namespaces": names})


class NamespaceStats(serializers.Serializer[Any]):
    """What happened to a namespace in all workers since they started to count."""

    name = serializers.CharField()
    hits = serializers.IntegerField()
    misses = serializers.IntegerField()
    hit_rate = serializers.FloatField(help_text="0 to 1; 0 while nothing was looked up.")
    sets = serializers.IntegerField()
    invalidations = serializers.IntegerField()
    ttl = serializers.IntegerField(help_text="seconds")


class CacheStats(serializers.Serializer[Any]):
    """Figures of every namespace."""

    backend = serializers.ChoiceField(("locmem", "redis"))
    namespaces = NamespaceStats(many=True)


class CacheStatsView(UncachedView):
    """GET /admin/cache/stats."""

    permission_classes = (IsAdminUser,)

    @extend_schema(responses=CacheStats, examples=examples.CACHE_STATS, tags=["admin"])
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """Show how well the caches do.

        Hits and misses of each namespace, over all workers. What other workers counted in the last second may be
        missing.
        """
        try:
            rows = [stats.row() for stats in all_stats()]
        except Exception as error:
            raise CacheUnavailable from error
        return Response({"backend": backend(), "namespaces": rows})
