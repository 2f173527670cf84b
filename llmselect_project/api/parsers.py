"""Reading JSON bodies of bounded size."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from llmselect_project.api.errors import RequestTooLarge


class BoundedJSONParser(BaseParser):
    """Reads a JSON body. Raises ParseError, or RequestTooLarge over `REQUEST_BODY_LIMIT` bytes."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,  # noqa: ARG002
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> Any:
        """Decode as UTF-8 and JSON without NaN and Infinity, which JSON does not have."""
        body = stream.read(settings.REQUEST_BODY_LIMIT + 1)
        if len(body) > settings.REQUEST_BODY_LIMIT:
            raise RequestTooLarge
        try:
            return json.loads(body.decode(), parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise ParseError(f"The body is not valid JSON: {error}") from error


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
