"""Shares over HTTP: their owner makes, lists and revokes them."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from conversations.history.sharing import examples
from conversations.history.sharing.models import Share
from conversations.history.sharing.serializers import ShareInput, ShareOutput, share_row
from conversations.history.sharing.service import create_share, shares_of
from models_registry.api.requests import current_user
from perf.api.base import UncachedView
from perf.api.validation import valid


class ShareView(UncachedView):
    """POST /conversations/{id}/share."""

    @extend_schema(request=ShareInput, responses={201: ShareOutput}, examples=examples.CREATE, tags=["conversations"])
    def post(self, request: Request, pk: UUID) -> Response:
        """Share a conversation by a link.

        Makes a link that nobody guesses. Whoever has it reads the texts of the conversation, up to 500 messages, as a
        page or as JSON, until it ends or you revoke it; nobody else does, search engines neither. It shows who wrote
        what and when, but no costs, no reasoning and no files, and the system prompt only with `system`. It shows the
        conversation as it is now, or with `follow` what is added later, too.
        """
        data = valid(ShareInput, request.data)
        share = create_share(user_id=current_user(request).pk, conversation_id=pk, **data)
        return Response(share_row(share, request), status=status.HTTP_201_CREATED)


class ShareViewSet(UncachedView, GenericViewSet[Share]):
    """One's own links; those of others are not found."""

    queryset = Share.objects.none()
    serializer_class = ShareOutput
    orderings = ("-created_at",)

    def get_queryset(self) -> QuerySet[Share]:
        """Return the user's links that have not ended."""
        return shares_of(current_user(self.request).pk)

    @extend_schema(examples=examples.LIST, tags=["conversations"])
    def list(self, request: Request) -> Response:
        """List your links.

        All that still work, newest first, each with its address, which you can give to somebody again.
        """
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response([share_row(share, request) for share in page])

    @extend_schema(responses={204: None}, tags=["conversations"])
    def destroy(self, request: Request, pk: UUID, **_: Any) -> Response:  # noqa: ARG002
        """Revoke a link.

        It shows nothing from the next request on, for good. The conversation stays as it is.
        """
        if not self.get_queryset().filter(pk=pk).delete()[0]:
            raise NotFound
        return Response(status=status.HTTP_204_NO_CONTENT)
