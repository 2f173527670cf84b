"""The endpoints of tokens: their owner makes, lists, changes and revokes them, logged in and not by a token."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from llmselect_project.models import ApiToken, ApiTokenQuerySet
from llmselect_project.tokens import examples, serializers
from llmselect_project.tokens.serializers import token_row
from llmselect_project.tokens.service import change_token, create_token, revoke, tokens_of
from perf.api.access import access_of
from perf.api.base import UncachedView
from perf.api.validation import valid


class TokenViewSet(UncachedView, GenericViewSet[ApiToken]):
    """One's own tokens; those of others are not found."""

    queryset = ApiToken.objects.none()
    serializer_class = serializers.Token
    orderings = ("-created_at",)

    def get_queryset(self) -> ApiTokenQuerySet:
        """Return the user's tokens that are not revoked."""
        return tokens_of(access_of(self.request).user_id)

    @extend_schema(examples=examples.LIST, tags=["tokens"])
    def list(self, request: Request) -> Response:  # noqa: ARG002
        """List your API tokens.

        Newest first, also those that have expired. `prefix` is how a token begins, `last_used_at` when it was last
        used, to the minute. The tokens themselves are never shown again. Revoked ones are gone.
        """
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response([token_row(token) for token in page])

    @extend_schema(
        request=serializers.TokenInput,
        responses={201: serializers.NewToken},
        examples=examples.CREATE,
        tags=["tokens"],
    )
    def create(self, request: Request) -> Response:
        """Make an API token.

        A credential for a program: send it as `Authorization: Bearer llms_…`. `token` is shown this once, and only its
        digest is kept. Limit it to what the program needs: `allowed_models` such as `openai/*`, `allowed_endpoints`
        such as `chat`, reading only, a rate of its own, an end. You can have 50.
        """
        data = valid(serializers.TokenInput, request.data)
        row, token = create_token(user_id=access_of(request).user_id, **data)
        return Response({**token_row(row), "token": token}, status=status.HTTP_201_CREATED)

    @extend_schema(responses=serializers.Token, examples=examples.SHOWN, tags=["tokens"])
    def retrieve(self, request: Request, pk: UUID) -> Response:  # noqa: ARG002
        """Show an API token.

        One of your own: its name, its limits, and when it was last used. The token itself is never shown again.
        """
        row = self.get_queryset().filter(pk=pk).first()
        if row is None:
            raise NotFound
        return Response(token_row(row))

    @extend_schema(
        request=serializers.TokenChange, responses=serializers.Token, examples=examples.CHANGE, tags=["tokens"]
    )
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Change an API token.

        Its name and its limits, from the next request on. What you leave out stays as it is; null takes a limit away.
        When it ends cannot be changed.
        """
        data = valid(serializers.TokenChange, request.data)
        row = change_token(user_id=access_of(request).user_id, token_id=pk, **data)
        return Response(token_row(row))

    @extend_schema(responses={204: None}, tags=["tokens"])
    def destroy(self, request: Request, pk: UUID, **_: Any) -> Response:
        """Revoke an API token.

        It is refused from the next request on, for good, and is gone from the list. Nothing brings it back: make
        another one.
        """
        if not revoke(self.get_queryset().filter(pk=pk), by=access_of(request).user_id):
            raise NotFound
        return Response(status=status.HTTP_204_NO_CONTENT)
