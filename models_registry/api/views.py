"""The model list, and one's own API keys."""

import functools
from typing import Any

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.mixins import DestroyModelMixin
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from models_registry import caches
from models_registry import query_plans as queries
from models_registry.api import examples, serializers
from models_registry.api.fields import no_provider
from models_registry.api.requests import current_user
from models_registry.catalogue.refresh import refresh_if_due
from models_registry.keys.storage import has_system_key, store_key
from models_registry.keys.validation import why_no_key
from models_registry.models import APIKey, LLMModel, ModelChange, Provider
from perf.api.validation import valid, valid_query
from perf.caching.namespace import SHARED_OWNER
from perf.caching.responses import PUBLIC, cached_response, canonical


class ModelViewSet(GenericViewSet[LLMModel]):
    """Models of all enabled providers; public."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    queryset = LLMModel.objects.none()
    serializer_class = serializers.Model
    pagination_class = None

    def get_queryset(self) -> QuerySet[LLMModel]:
        """Return the listed models with their providers, in one query."""
        return queries.listed_models()

    @extend_schema(
        parameters=[serializers.ModelQuery], responses=serializers.ModelList, examples=examples.MODELS, tags=["models"]
    )
    def list(self, request: Request) -> HttpResponseBase:
        """List models.

        All models that this server knows, with their limits in tokens and prices in USD per million tokens; what is
        unknown is null. `provider`, `search` and `available` narrow the list. Public.

        `id` and `provider` are what a chat takes as `model` and `provider`.
        """
        query = canonical(request.query_params, ("provider", "available"))
        load = functools.partial(self._results, request)
        refresh_if_due()
        # There is no end of what may be searched for.
        cached = None if "search" in request.query_params else (caches.models, query)
        return cached_response(request, cached, owner=SHARED_OWNER, load=load, policy=PUBLIC)

    def _results(self, request: Request) -> dict[str, Any]:
        query = valid_query(serializers.ModelQuery, request.query_params)
        refresh_if_due(recheck=True)
        models = queries.model_list(query)
        return {"results": [serializers.model_row(model) for model in models]}

    @extend_schema(responses=serializers.Model, examples=examples.MODEL, tags=["models"])
    def retrieve(self, request: Request, provider: str, model_id: str) -> Response:  # noqa: ARG002
        """Show a model.

        One of the list. Its id may hold slashes and colons, which need no escaping. Public.
        """
        model = get_object_or_404(queries.one_model(provider, model_id))
        return Response(serializers.model_row(model))


class ModelHistoryViewSet(GenericViewSet[ModelChange]):
    """What of a model changed, for anybody who is logged in.

    Not cached: few ask for it, and the pages of each user have cursors of their own.
    """

    queryset = ModelChange.objects.none()
    serializer_class = serializers.ModelChange
    orderings = (queries.NEWEST_CHANGE_FIRST,)

    @extend_schema(examples=examples.HISTORY, tags=["models"])
    def list(self, request: Request, provider: str, model_id: str) -> Response:  # noqa: ARG002
        """List how a model changed.

        Changes of its prices, limits and availability, newest first, each with the value before and after.
        """
        model = get_object_or_404(queries.one_model(provider, model_id))
        rows = self.paginate_queryset(queries.model_changes(model.pk)) or []
        return self.get_paginated_response([serializers.change_row(row) for row in rows])


class KeyViewSet(DestroyModelMixin, GenericViewSet[APIKey]):
    """One's own API keys; a key goes in and never comes out."""

    queryset = APIKey.objects.none()
    serializer_class = serializers.Key
    pagination_class = None
    lookup_field, lookup_url_kwarg = "provider__slug", "provider"

    def get_queryset(self) -> QuerySet[APIKey]:
        """Return the user's keys with their providers."""
        return queries.own_keys(current_user(self.request).pk)

    @extend_schema(responses=serializers.KeyList, examples=examples.KEYS, tags=["keys"])
    def list(self, request: Request) -> Response:  # noqa: ARG002
        """List your API keys.

        Shows for which providers you have stored a key, masked. The keys themselves are never given out.
        """
        return Response({"keys": serializers.Key(self.get_queryset(), many=True).data})

    @extend_schema(request=serializers.KeyInput, responses=serializers.Key, examples=examples.STORE_KEY, tags=["keys"])
    def update(self, request: Request, provider: str) -> Response:
        """Store an API key.

        Stores your key for a provider, encrypted, or replaces the one you have. It is used where the server has no key
        of its own; with `override_system_key`, always.
        """
        row = Provider.objects.usable().filter(slug=provider).first()
        if row is None:
            raise NotFound(no_provider())
        data = valid(serializers.KeyInput, request.data)
        if reason := why_no_key(data["key"], row):
            raise ValidationError({"key": [reason]})
        key = store_key(user=current_user(request), provider=row, **data)
        return Response(serializers.Key(key).data)

    @extend_schema(responses={204: None}, tags=["keys"])
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete an API key.

        Forgets your key for a provider. From then on the server's own is used, where it has one.
        """
        return super().destroy(request, *args, **kwargs)

    @extend_schema(responses=serializers.SystemKeys, examples=examples.SYSTEM_KEYS, tags=["keys"])
    def system(self, request: Request) -> Response:  # noqa: ARG002
        """List the server's API keys.

        Says for which providers the server has a key, so that you need none.
        """
        providers = Provider.objects.usable().filter(requires_key=True).order_by("slug")
        return Response({"system_keys": {provider.slug: has_system_key(provider) for provider in providers}})

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Forbid every cache to store a response about keys."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers["Cache-Control"] = "no-store"
        return response
