"""Conversations over HTTP: list, read, rename, delete, export."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers as drf
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.viewsets import GenericViewSet

from conversations import serializers
from conversations.caches import conversations
from conversations.deletion import delete_locked
from conversations.export import FORMATS
from conversations.models import Conversation, ConversationQuerySet, Message
from conversations.search import matching, snippet
from conversations.serializers import CONVERSATION_FIELDS, MESSAGE_FIELDS, conversation_row, message_row
from models_registry.requests import current_user
from perf.responses import cached_response, canonical

NEWEST = 50  # messages shown with a conversation
LIST_PARAMETERS = ("cursor", "ordering", "page_size")
LIST_DEFAULTS = {"ordering": "-last_message_at", "page_size": "20"}


class ConversationViewSet(GenericViewSet[Conversation]):
    """One's own conversations; anybody else's is not found."""

    queryset = Conversation.objects.none()
    serializer_class = serializers.Conversation
    orderings = ("-last_message_at", "-created_at")
    lookup_value_converter = "uuid"

    def get_queryset(self) -> ConversationQuerySet:
        """Only the user's own."""
        return Conversation.objects.for_user(current_user(self.request).pk)

    @extend_schema(
        parameters=[
            serializers.ConversationQuery,
            OpenApiParameter("ordering", enum=orderings, default=orderings[0]),
        ],
        tags=["conversations"],
    )
    def list(self, request: Request) -> HttpResponseBase:
        """List conversations, newest activity first."""
        if "search" in request.query_params:
            return Response(self._page(request))
        query = canonical(request.query_params, (*LIST_PARAMETERS, "provider", "model"), LIST_DEFAULTS)
        owner = current_user(request).pk
        return cached_response(request, conversations, owner=owner, query=query, load=lambda: self._page(request))

    def _page(self, request: Request) -> Any:
        self.filters = _valid(serializers.ConversationQuery(data=request.query_params))
        rows = self.paginate_queryset(_narrowed(self.get_queryset(), self.filters).values(*CONVERSATION_FIELDS)) or []
        search = self.filters.get("search")
        return self.get_paginated_response(
            [conversation_row(row, snippet(search, row["preview"], row["title"]) if search else None) for row in rows]
        ).data

    @extend_schema(
        request=serializers.ConversationInput, responses={201: serializers.Conversation}, tags=["conversations"]
    )
    def create(self, request: Request) -> Response:
        """Begin a conversation without a message."""
        data = _valid(serializers.ConversationInput(data=request.data))
        data["provider"] = data["provider"].slug
        conversation = Conversation(user_id=current_user(request).pk, **data)
        conversation.last_message_at = conversation.created_at
        conversation.save()
        return Response(_row(conversation), status=status.HTTP_201_CREATED)

    @extend_schema(responses=serializers.ConversationDetail, tags=["conversations"])
    def retrieve(self, request: Request, pk: UUID) -> HttpResponseBase:
        """Show a conversation with its newest messages."""
        owner = current_user(request).pk
        return cached_response(
            request, conversations, owner=owner, query=f"detail {pk}", load=lambda: self._detail(request, pk)
        )

    def _detail(self, request: Request, pk: UUID) -> dict[str, Any]:
        row = self.get_queryset().filter(pk=pk).values(*CONVERSATION_FIELDS).first()
        if row is None:
            raise NotFound
        newest = Message.objects.filter(conversation_id=pk).order_by("-created_at", "-id")
        messages = list(newest.values(*MESSAGE_FIELDS)[: NEWEST + 1])
        older = None
        if len(messages) > NEWEST:
            messages.pop()
            older = _older_link(request, messages[-1])
        shown = [message_row(message) for message in reversed(messages)]
        return {**conversation_row(row), "messages": shown, "older_messages": older}

    @extend_schema(request=serializers.TitleInput, responses=serializers.Conversation, tags=["conversations"])
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Rename a conversation."""
        data = _valid(serializers.TitleInput(data=request.data))
        with transaction.atomic():
            conversation = get_object_or_404(self.get_queryset().select_for_update(), pk=pk)
            conversation.title = data["title"]
            conversation.save(update_fields=["title", "updated_at"])
        return Response(_row(conversation))

    @extend_schema(responses={204: None}, tags=["conversations"])
    def destroy(self, request: Request, pk: UUID) -> Response:  # noqa: ARG002
        """Delete a conversation and its messages."""
        delete_locked(self.get_queryset(), pk)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        parameters=[OpenApiParameter("format", enum=tuple(FORMATS), default="markdown")],
        responses={(200, "text/markdown"): OpenApiTypes.STR, (200, "application/json"): OpenApiTypes.OBJECT},
        tags=["conversations"],
    )
    @action(detail=True)
    def export(self, request: Request, pk: UUID) -> StreamingHttpResponse:
        """Download a conversation."""
        chosen = request.query_params.get("format", "markdown")
        if chosen not in FORMATS:
            raise drf.ValidationError({"format": f"Must be one of {', '.join(FORMATS)}."})
        content_type, extension, write = FORMATS[chosen]
        conversation = get_object_or_404(self.get_queryset(), pk=pk)
        response = StreamingHttpResponse(write(conversation), content_type=content_type)
        response.headers["Content-Disposition"] = f'attachment; filename="conversation-{pk}.{extension}"'
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


class MessageViewSet(GenericViewSet[Message]):
    """Messages of one of one's own conversations."""

    queryset = Message.objects.none()
    serializer_class = serializers.MessageOutput
    orderings = ("-created_at",)

    def get_queryset(self) -> QuerySet[Message]:
        """Messages of a conversation that is the user's."""
        if not Conversation.objects.for_user(current_user(self.request).pk).filter(pk=self.kwargs["pk"]).exists():
            raise NotFound
        return Message.objects.filter(conversation_id=self.kwargs["pk"])

    @extend_schema(tags=["conversations"])
    def list(self, request: Request, **_: Any) -> Response:  # noqa: ARG002
        """List messages, a page oldest first; `next` leads to older ones."""
        rows = self.paginate_queryset(self.get_queryset().values(*MESSAGE_FIELDS)) or []
        return self.get_paginated_response([message_row(row) for row in reversed(rows)])


def _valid(serializer: Any) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _narrowed(conversations: ConversationQuerySet, filters: dict[str, Any]) -> ConversationQuerySet:
    exact = {name: filters[name] for name in ("provider", "model") if name in filters}
    conversations = conversations.filter(**exact)
    return matching(conversations, filters["search"]) if "search" in filters else conversations


def _row(conversation: Conversation) -> dict[str, Any]:
    return conversation_row({field: getattr(conversation, field) for field in CONVERSATION_FIELDS})


def _older_link(request: Request, oldest: dict[str, Any]) -> str:
    """Link into the list of messages, right after the oldest one shown here."""
    path = request.path.rstrip("/") + "/messages"
    paginator: Any = api_settings.DEFAULT_PAGINATION_CLASS
    return str(paginator().link_after(oldest, request, path=path, ordering=MessageViewSet.orderings[0]))
