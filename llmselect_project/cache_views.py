"""Cache management for staff."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response

from llmselect_project.accounts import UncachedView
from perf.cache import NAMESPACES


class CacheUnavailable(APIException):
    """The cache does not answer; whatever is in it cannot be served either."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "server_busy"
    default_detail = "The cache does not answer; nothing was cleared."
    wait = 1


class ClearInput(serializers.Serializer[Any]):
    """Which namespace to clear; all when left out."""

    namespace = serializers.CharField(required=False)


class Cleared(serializers.Serializer[Any]):
    """What was cleared, and when."""

    message = serializers.CharField()
    cleared_at = serializers.DateTimeField()
    namespaces = serializers.ListField(child=serializers.CharField())


class ClearCacheView(UncachedView):
    """POST /admin/cache/clear."""

    permission_classes = (IsAdminUser,)

    @extend_schema(request=ClearInput, responses=Cleared, tags=["admin"])
    def post(self, request: Request) -> Response:
        """Forget what is cached in one namespace or all, for every worker."""
        body = ClearInput(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = body.validated_data.get("namespace")
        if wanted is not None and wanted not in NAMESPACES:
            raise ValidationError({"namespace": f"Must be one of {', '.join(sorted(NAMESPACES))}."})
        names = sorted(NAMESPACES) if wanted is None else [wanted]
        try:
            for name in names:
                NAMESPACES[name].clear()
        except Exception as error:  # whatever the cache backend raises
            raise CacheUnavailable from error
        message = f"Cleared {', '.join(names)}."
        return Response({"message": message, "cleared_at": timezone.now(), "namespaces": names})
