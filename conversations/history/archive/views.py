"""The archive over HTTP."""

from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from conversations.completions.concurrency import Slot
from conversations.completions.sse import ClosingResponse
from conversations.history.archive import examples
from conversations.history.archive.writing import archive
from models_registry.api.requests import current_user
from perf.api.base import UncachedView
from perf.api.fields import FilterFlag
from perf.api.validation import valid_query


class ExportQuery(serializers.Serializer[Any]):
    """What else the archive is to hold."""

    markdown = FilterFlag(required=False, default=None, help_text="Also each conversation as a document to read.")


class ExportView(UncachedView):
    """GET /export."""

    @extend_schema(
        parameters=[ExportQuery],
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
        examples=examples.EXPORT,
        tags=["conversations"],
    )
    def get(self, request: Request) -> ClosingResponse:
        """Download everything that is yours.

        Gives one ZIP, streamed while it is read: your conversations with all messages, comparisons with their answers
        and votes, files, and settings, but never a key or a token. Its files are JSON Lines, which `docs/export.md`
        describes. With `markdown=true` each conversation comes as a document to read, too.
        """
        query = valid_query(ExportQuery, request.query_params)
        try:
            parts = archive(current_user(request).pk, markdown=query.get("markdown", False))
        except User.DoesNotExist as error:  # deleted since the request was let in
            raise NotFound from error
        slot = Slot()  # a slow download holds a thread, as a chat does
        response = ClosingResponse(parts, ended=slot.release, content_type="application/zip")
        name = f"llmselect-{timezone.now():%Y-%m-%d}.zip"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        response.headers["X-Accel-Buffering"] = "no"
        return response
