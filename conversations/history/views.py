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
from rest_framework.viewsets import GenericViewSet

from conversations.caches import conversations
from conversations.history import examples, queries, serializers
from conversations.history.deletion import delete_locked
from conversations.history.export import FORMATS
from conversations.history.serializers import CONVERSATION_FIELDS, conversation_row, message_row, running_row
from conversations.models import Conversation, ConversationQuerySet, Message
from conversations.search.highlight import snippet
from conversations.search.queries import newest_texts, page
from conversations.search.tokens import tokenize
from models_registry.api.requests import current_user
from models_registry.catalogue.lookup import existing_model
from perf.api.pagination import KeysetPagination
from perf.api.validation import valid, valid_query
from perf.caching.responses import CachedQuery, CachedView, canonical

LIST_PARAMETERS = ("cursor", "ordering", "page_size")
LIST_DEFAULTS = {"ordering": "-last_message_at", "page_size": "20"}


class ConversationViewSet(CachedView, GenericViewSet[Conversation]):
    """The user's conversations; those of others are not found."""

    queryset = Conversation.objects.none()
    serializer_class = serializers.Conversation
    orderings, moving = queries.CONVERSATION_ORDERINGS, queries.MOVING
    lookup_value_converter = "uuid"

    def get_queryset(self) -> ConversationQuerySet:
        """Return the user's conversations."""
        return Conversation.objects.for_user(current_user(self.request).pk)

    def cached(self, request: Request) -> CachedQuery | None:
        """Declare the lists and details, but for searches, of which there is no end."""
        if self.action == "retrieve":
            return conversations, f"detail {self.kwargs['pk']}"
        if self.action != "list" or "search" in request.query_params:
            return None
        return conversations, canonical(request.query_params, (*LIST_PARAMETERS, "provider", "model"), LIST_DEFAULTS)

    @extend_schema(
        parameters=[
            serializers.ConversationQuery,
            OpenApiParameter("ordering", enum=orderings, default=orderings[0]),
        ],
        examples=examples.LIST,
        tags=["conversations"],
    )
    def list(self, request: Request) -> HttpResponseBase:
        """List and search your conversations.

        Newest activity first, a page at a time: follow `next` for older ones. `search` finds words in titles and
        messages, the last one perhaps unfinished, and adds a `snippet` that shows the match. Words in quotes are found
        in their order, and Chinese, Japanese, Thai, Korean and emoji anywhere in a text. `provider` and `model`
        narrow the list.
        """
        owner = current_user(request).pk
        return self.cached_response(request, owner=owner, load=lambda: self._page(request))

    def _page(self, request: Request) -> Any:
        self.filters = valid_query(serializers.ConversationQuery, request.query_params)
        if "search" in self.filters:
            return self._search_page(request, self.filters["search"])
        pager = KeysetPagination()
        pager.begin(request, self)
        rows = pager.finish(queries.conversation_page(current_user(request).pk, self.filters, pager))
        return pager.get_paginated_response([conversation_row(row) for row in rows]).data

    def _search_page(self, request: Request, search: str) -> Any:
        owner, tokens, pager = current_user(request).pk, tokenize(search), KeysetPagination()
        pager.begin(request, self)
        conversations = queries.conversation_rows(queries.conversation_list(owner, self.filters))
        rows = pager.finish(page(pager, conversations, user_id=owner, tokens=tokens))
        texts = newest_texts([row["id"] for row in rows], tokens) if rows else {}
        found = [conversation_row(row, snippet(tokens, texts.get(row["id"]), row["title"])) for row in rows]
        return pager.get_paginated_response(found).data

    @extend_schema(
        request=serializers.ConversationInput,
        responses={201: serializers.Conversation},
        examples=examples.CREATE,
        tags=["conversations"],
    )
    def create(self, request: Request) -> Response:
        """Begin an empty conversation.

        Makes a conversation before its first message, to have its id. Usually this is not needed: `POST /api/v1/chat`
        without `conversation_id` begins one too.
        """
        data = valid(serializers.ConversationInput, request.data)
        existing_model(data["provider"], data["model"])
        data["provider"] = data["provider"].slug
        conversation = Conversation(user_id=current_user(request).pk, **data)
        conversation.last_message_at = conversation.created_at
        conversation.save()
        return Response(_row(conversation), status=status.HTTP_201_CREATED)

    @extend_schema(responses=serializers.ConversationDetail, examples=examples.DETAIL, tags=["conversations"])
    def retrieve(self, request: Request, pk: UUID) -> HttpResponseBase:
        """Show a conversation.

        Gives the conversation with its newest 50 messages, oldest first. `older_messages` links to those before them.
        `running` says where an answer that is being written is read.
        """
        owner = current_user(request).pk
        return self.cached_response(request, owner=owner, load=lambda: self._detail(request, pk))

    def _detail(self, request: Request, pk: UUID) -> dict[str, Any]:
        row = queries.conversation_detail(current_user(request).pk, pk)
        if row is None:
            raise NotFound
        messages = queries.newest_messages(pk)
        older = None
        if len(messages) > queries.NEWEST:
            messages.pop()
            older = _older_link(request, messages[-1])
        shown = [message_row(message) for message in reversed(messages)]
        running = running_row("chat", row.pop("running"))
        return {**conversation_row(row), "running": running, "messages": shown, "older_messages": older}

    @extend_schema(
        request=serializers.TitleInput,
        responses=serializers.Conversation,
        examples=examples.RENAME,
        tags=["conversations"],
    )
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Rename a conversation.

        Sets the title, which otherwise is the beginning of the first message.
        """
        data = valid(serializers.TitleInput, request.data)
        with transaction.atomic():
            conversation = get_object_or_404(self.get_queryset().select_for_update(), pk=pk)
            conversation.title = data["title"]
            conversation.save(update_fields=["title", "updated_at"])
        return Response(_row(conversation))

    @extend_schema(responses={204: None}, tags=["conversations"])
    def destroy(self, request: Request, pk: UUID) -> Response:  # noqa: ARG002
        """Delete a conversation.

        Deletes the conversation with all its messages, for good.
        """
        delete_locked(self.get_queryset(), pk)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        parameters=[OpenApiParameter("format", enum=tuple(FORMATS), default="markdown")],
        responses={(200, "text/markdown"): OpenApiTypes.STR, (200, "application/json"): OpenApiTypes.OBJECT},
        examples=examples.EXPORT,
        tags=["conversations"],
    )
    @action(detail=True)
    def export(self, request: Request, pk: UUID) -> StreamingHttpResponse:
        """Download a conversation.

        Gives all messages as a file: Markdown to read, or with `format=json` for programs.
        """
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
    """The messages of one of the user's conversations."""

    queryset = Message.objects.none()
    serializer_class = serializers.MessageOutput
    orderings = (queries.NEWEST_FIRST,)

    def get_queryset(self) -> QuerySet[Message]:
        """Return the messages. Raises NotFound for a conversation that is not the user's."""
        if not Conversation.objects.for_user(current_user(self.request).pk).filter(pk=self.kwargs["pk"]).exists():
            raise NotFound
        return queries.messages(self.kwargs["pk"])

    @extend_schema(examples=examples.MESSAGES, tags=["conversations"])
    def list(self, request: Request, **_: Any) -> Response:  # noqa: ARG002
        """List the messages of a conversation.

        A page holds its messages oldest first, and `next` leads to the page before it, with older ones. An answer says
        which model wrote it, and its tokens, cost and times.
        """
        rows = self.paginate_queryset(queries.message_rows(self.get_queryset())) or []
        return self.get_paginated_response([message_row(row) for row in reversed(rows)])


def _row(conversation: Conversation) -> dict[str, Any]:
    return conversation_row({field: getattr(conversation, field) for field in CONVERSATION_FIELDS})


def _older_link(request: Request, oldest: dict[str, Any]) -> str:
    """Return the link to the messages older than the oldest one shown."""
    path = request.path.rstrip("/") + "/messages"
    return str(KeysetPagination().link_after(oldest, request, path=path, ordering=MessageViewSet.orderings[0]))
