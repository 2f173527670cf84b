"""Reads a file from the body of a request: from a form, or the body itself."""

from collections.abc import Mapping
from typing import IO, Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.http import parse_header_parameters
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request

from conversations.files.errors import EmptyFile

FIELD = "file"


class RawFileParser(BaseParser):
    """Takes a body of any other type as the file itself; the stream is read by whoever stores it."""

    media_type = "*/*"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the stream, the name in the query or in Content-Disposition, and the type that the header claims."""
        assert parser_context is not None  # noqa: S101 - REST framework gives it
        request = parser_context["request"]
        _, said = parse_header_parameters(request.headers.get("Content-Disposition", ""))
        name = request.query_params.get("name") or said.get("filename", "")
        return {"stream": stream, "name": name, "claimed": media_type or ""}


PARSERS = [MultiPartParser, RawFileParser]


def uploaded(request: Request) -> dict[str, Any]:
    """Return the arguments of `store`: `stream`, `name` and `media_type`.

    Raises ParseError for a malformed form, ValidationError for one without a file, and EmptyFile.
    """
    data: Any = request.data
    if not (request.content_type or "").startswith(MultiPartParser.media_type):
        if "stream" not in data:  # REST framework parses no body without content
            raise EmptyFile
        return {"stream": data["stream"], "name": data["name"], "media_type": data["claimed"]}
    files = request.FILES.getlist(FIELD)
    if len(files) != 1:
        raise ValidationError({FIELD: f"Send one file, as the field {FIELD} of a form, or as the body."})
    file = files[0]
    assert isinstance(file, UploadedFile)  # noqa: S101 - what a form's files are
    return {"stream": file, "name": file.name or "", "media_type": file.content_type or ""}
