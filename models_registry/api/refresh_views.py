"""The endpoint by which staff refresh the registry."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from models_registry.api import examples
from models_registry.api.serializers import RefreshInput
from models_registry.catalogue.sync import sync
from perf.api.validation import valid


class RefreshResult(serializers.Serializer[Any]):
    """What changed at one provider; the lists hold ids of models, `error` says why its check failed."""

    provider = serializers.CharField(source="slug")
    total = serializers.IntegerField(help_text="Models of the provider in the registry now.")
    added = serializers.ListField(child=serializers.CharField())
    changed = serializers.ListField(child=serializers.CharField())
    withdrawn = serializers.ListField(child=serializers.CharField(), help_text="No longer on the provider's list.")
    checked = serializers.BooleanField(help_text="Whether the provider's own list was read; it needs a system key.")
    error = serializers.CharField(allow_null=True)


class RefreshResults(serializers.Serializer[Any]):
    """One result for each provider."""

    results = RefreshResult(many=True)


class RefreshModelsView(APIView):
    """Refresh the registry."""

    permission_classes = (IsAdminUser,)

    @extend_schema(request=RefreshInput, responses=RefreshResults, examples=examples.REFRESH, tags=["admin"])
    def post(self, request: Request) -> Response:
        """Refresh the list of models.

        Reads the catalogue, and the providers' own lists where the server has a key, of one provider or all; `manage.py
        sync_models` does the same. Says what was added, changed and withdrawn, and which provider failed and why.
        """
        slug = valid(RefreshInput, request.data).get("provider")
        report = sync(providers=None if slug is None else [slug])
        if report.unknown:
            raise ValidationError({"provider": ["There is no provider with this name."]})
        return Response(RefreshResults(report).data)
