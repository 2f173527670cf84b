"""Imports over HTTP: upload, follow, list, cancel, take back; those of others are not found."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from conversations.history.importing import examples, serializers, service
from conversations.history.importing.parsers import DRY_RUN, PARSERS, uploaded
from conversations.history.importing.removal import as_row
from conversations.history.importing.serializers import import_row
from conversations.models import Import
from models_registry.api.requests import current_user
from perf.api.base import UncachedView

NAMED = OpenApiParameter("name", description="The file's name, where the body is the file itself.")
COUNTED_ONLY = OpenApiParameter(DRY_RUN, OpenApiTypes.BOOL, description="Only count what would come.")


class ImportViewSet(UncachedView, GenericViewSet[Import]):
    """One's own imports."""

    queryset = Import.objects.none()
    serializer_class = serializers.ImportOutput
    orderings = ("-created_at",)
    lookup_value_converter = "uuid"
    parser_classes = PARSERS
    conflicts = True  # with an import that has not ended, or has

    def get_queryset(self) -> QuerySet[Import]:
        """Return the user's imports."""
        return service.imports_of(current_user(self.request).pk)

    @extend_schema(examples=examples.LIST, tags=["imports"])
    def list(self, request: Request) -> Response:  # noqa: ARG002
        """List your imports.

        Newest first, those that have ended too, until you take them back.
        """
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response([import_row(record) for record in page])

    @extend_schema(
        request={"multipart/form-data": serializers.ImportForm, "application/octet-stream": OpenApiTypes.BINARY},
        parameters=[NAMED, COUNTED_ONLY],
        responses={202: serializers.ImportOutput},
        examples=examples.BEGUN,
        tags=["imports"],
    )
    def create(self, request: Request) -> Response:
        """Import a history.

        Takes the export of ChatGPT, Claude, Open WebUI, LibreChat, `llm` or LLMSelect, a ZIP, JSON or SQLite file of up
        to 2 GB, as the field `file` of a form or as the body itself. What it is is told by what it holds. Answers at
        once; follow the import by its id. The same file twice, or a newer one of the same account, adds only what is
        new. With `dry_run` nothing is stored, and the counts say what would come.
        """
        upload = uploaded(request)
        record = service.begin(
            user_id=current_user(request).pk, read=upload.read, name=upload.name, dry_run=upload.dry_run
        )
        return Response(import_row(record), status=status.HTTP_202_ACCEPTED)

    @extend_schema(responses=serializers.ImportOutput, examples=examples.SHOWN, tags=["imports"])
    def retrieve(self, request: Request, pk: UUID) -> Response:  # noqa: ARG002
        """Show an import.

        How far it is, and what became of everything in the file: what was read is what was added, was known, and was
        skipped. `problems` names the first 100 things that were skipped, with their places and reasons.
        """
        return Response(import_row(get_object_or_404(self.get_queryset(), pk=pk)))

    @extend_schema(
        responses={200: serializers.Removed, 202: serializers.ImportOutput}, examples=examples.REMOVED, tags=["imports"]
    )
    def destroy(self, request: Request, pk: UUID) -> Response:  # noqa: ARG002
        """Take an import back.

        Deletes what it brought, but for conversations that were continued since. A large one is taken back in the
        background: then the answer is 202 with the import, which is not found once that is done.
        """
        record = get_object_or_404(self.get_queryset(), pk=pk)
        removed = service.remove(record)
        if removed is None:
            return Response(import_row(record), status=status.HTTP_202_ACCEPTED)
        return Response(as_row(removed))

    @extend_schema(request=None, responses=serializers.ImportOutput, examples=examples.CANCELLED, tags=["imports"])
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: UUID, **_: Any) -> Response:  # noqa: ARG002
        """Cancel an import.

        It ends within seconds. What it has brought stays; take it back by `DELETE`.
        """
        record = get_object_or_404(self.get_queryset(), pk=pk)
        service.cancel(record)
        return Response(import_row(record))
