"""Reads an upload from the body of a request: a form with `file` and `dry_run`, or the body itself."""

from collections.abc import Callable, Mapping
from typing import IO, Any, NamedTuple

from rest_framework.exceptions import ValidationError
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request

from perf.api.fields import FLAGS

FIELD, DRY_RUN = "file", "dry_run"


class Upload(NamedTuple):
    """A file that arrives: how it is read, its name, and whether it is only counted."""

    read: Callable[[int], bytes]
    name: str
    dry_run: bool


class RawParser(BaseParser):
    """Takes a body of any type as the file itself."""

    media_type = "*/*"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,  # noqa: ARG002
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> dict[str, Any]:
        """Return the stream, which is read by whoever stores it."""
        return {"stream": stream}


PARSERS = [MultiPartParser, RawParser]


def uploaded(request: Request) -> Upload:
    """Return the file of a request; `name` and `dry_run` may also stand in the query.

    Raises ParseError for a malformed form, and ValidationError for one without a file.
    """
    data: Any = request.data
    name, flag = request.query_params.get("name", ""), request.query_params.get(DRY_RUN, "")
    if not (request.content_type or "").startswith(MultiPartParser.media_type):
        if "stream" not in data:  # REST framework parses no body without content
            raise ValidationError({FIELD: ["The file is empty."]})
        return Upload(data["stream"].read, name, _flag(flag))
    if unknown := data.keys() - {FIELD, DRY_RUN}:
        raise ValidationError({each: ["Unknown field."] for each in sorted(unknown)})
    files = request.FILES.getlist(FIELD)
    if len(files) != 1:
        raise ValidationError({FIELD: [f"Send one file, as the field {FIELD} of a form, or as the body."]})
    return Upload(files[0].read, name or files[0].name or "", _flag(str(data.get(DRY_RUN, flag))))


def _flag(value: str) -> bool:
    if value not in FLAGS:
        raise ValidationError({DRY_RUN: ["Must be true or false."]})
    return bool(FLAGS[value])
