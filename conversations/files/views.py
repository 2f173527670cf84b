"""Files over HTTP: upload, list, show, download, delete; those of others are not found."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import FileResponse, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from conversations.files import examples, serializers, service
from conversations.files.kinds import IMAGES, PDF
from conversations.files.models import StoredFile
from conversations.files.parsers import PARSERS, uploaded
from conversations.files.serializers import file_row
from models_registry.api.requests import current_user
from perf.db.connections import release

# A browser that is led to a file runs nothing in it, whatever it takes it for, and shows images only.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
# A copy in the browser is shown only after the server has said again that it may be.
CACHING = "private, no-cache"


class FileViewSet(GenericViewSet[StoredFile]):
    """One's own files."""

    queryset = StoredFile.objects.none()
    serializer_class = serializers.FileOutput
    orderings = ("-created_at",)
    lookup_value_converter = "uuid"
    parser_classes = PARSERS
    conflicts = True  # with a message that shows the file

    def get_queryset(self) -> QuerySet[StoredFile]:
        """Return the user's files."""
        return service.own_files(current_user(self.request).pk)

    @extend_schema(examples=examples.LIST, tags=["files"])
    def list(self, request: Request) -> Response:  # noqa: ARG002
        """List your files.

        Newest first: what you uploaded, and what was sent along with requests to the gateway.
        """
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response([file_row(file) for file in page])

    @extend_schema(
        request={"multipart/form-data": serializers.FileInput, "text/plain": OpenApiTypes.STR},
        parameters=[OpenApiParameter("name", description="The file's name, where the body is the file itself.")],
        responses={201: serializers.FileOutput},
        examples=examples.STORED,
        tags=["files"],
    )
    def create(self, request: Request) -> Response:
        """Upload a file.

        An image (PNG, JPEG, GIF, WebP), a PDF or a text in UTF-8, as the field `file` of a form or as the body itself.
        What it is is told by its content. Name its id in `attachments` of a chat or a comparison. A file that nothing
        shows is deleted after 24 hours, any other with the last message or comparison that shows it.
        """
        file = service.store(user_id=current_user(request).pk, **uploaded(request))
        return Response(file_row(file), status=status.HTTP_201_CREATED)

    @extend_schema(responses=serializers.FileOutput, examples=examples.SHOWN, tags=["files"])
    def retrieve(self, request: Request, pk: UUID) -> Response:
        """Show a file.

        One of your own: its name, its size and its type, without its content.
        """
        return Response(file_row(service.own_file(current_user(request).pk, pk)))

    @extend_schema(responses={204: None}, tags=["files"])
    def destroy(self, request: Request, pk: UUID) -> Response:
        """Delete a file.

        One that no message and no comparison shows; otherwise the answer is 409 `file_in_use`.
        """
        service.delete_file(user_id=current_user(request).pk, pk=pk)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        responses={
            (200, "text/plain"): OpenApiTypes.STR,
            **{(200, kind): OpenApiTypes.BINARY for kind in (*IMAGES, PDF)},
        },
        examples=examples.CONTENT,
        tags=["files"],
    )
    @action(detail=True)
    def content(self, request: Request, pk: UUID) -> HttpResponseBase:
        """Download a file.

        Gives the content as it was uploaded. Images may be shown by a browser; PDFs and texts are downloads. The ETag
        is that of the content.
        """
        file = service.own_file(current_user(request).pk, pk)
        etag = f'"{file.sha256}"'
        response: HttpResponse | FileResponse
        if {etag, f"W/{etag}", "*"} & set(parse_etags(request.headers.get("If-None-Match", ""))):
            response = HttpResponseNotModified()
        else:
            response = _content(file)
        release()  # no connection is held while a slow client reads
        response.headers["ETag"] = etag
        response.headers["Cache-Control"] = CACHING
        patch_vary_headers(response, ("Authorization", "Cookie"))
        return response


def _content(file: StoredFile) -> FileResponse:
    """Open a file for a response; raises NotFound if the storage lost it."""
    try:
        content = service.open_file(file)
    except FileNotFoundError:
        raise NotFound("The server no longer has the content of this file.") from None
    is_image = file.media_type in IMAGES
    shown_as = file.media_type if is_image or file.media_type == PDF else "text/plain; charset=utf-8"
    headers: dict[str, Any] = {
        "Content-Length": str(file.size),
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return FileResponse(content, as_attachment=not is_image, filename=file.name, content_type=shown_as, headers=headers)
