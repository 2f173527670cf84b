"""Reading JSON bodies of bounded size and bounded count of values."""

import json
import re
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from llmselect_project.api.errors import RequestTooLarge

VALUES_LIMIT = 50_000  # brackets and commas outside of strings; 200 messages have 800
DIGITS_LIMIT = 1000
# A string, whole so that nothing in it counts and with or without its end, or the beginning of a value.
_BEGINNING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{,]', re.DOTALL)


class BoundedJSONParser(BaseParser):
    """Reads a JSON body.

    Raises ParseError, also over `VALUES_LIMIT`, and RequestTooLarge over `REQUEST_BODY_LIMIT` bytes.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,  # noqa: ARG002
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Decode as UTF-8 and JSON without NaN and Infinity, which JSON does not have."""
        body = stream.read(settings.REQUEST_BODY_LIMIT + 1)
        if len(body) > settings.REQUEST_BODY_LIMIT:
            raise RequestTooLarge
        if not body and parser_context and "HTTP_TRANSFER_ENCODING" in parser_context["request"].META:
            return {}  # what came in chunks has no length that would say so before
        if _has_too_many_values(body):
            raise ParseError(f"The body must not have more than {VALUES_LIMIT:,} brackets and commas.")
        try:
            return json.loads(body.decode(), parse_constant=_refuse, parse_int=_integer)
        except (ValueError, RecursionError) as error:
            raise ParseError(f"The body is not valid JSON: {error}") from error


def _has_too_many_values(body: bytes) -> bool:
    """Count what makes a body expensive to parse; the count stops at the limit."""
    if sum(map(body.count, (b"[", b"{", b","))) <= VALUES_LIMIT:  # strings included, which is quick
        return False
    beginnings = (match for match in _BEGINNING.finditer(body) if body[match.start()] != ord('"'))
    return any(number >= VALUES_LIMIT for number, _ in enumerate(beginnings))


def _integer(digits: str) -> int:
    """Read a whole number; the time that takes grows with the square of its length."""
    if len(digits) > DIGITS_LIMIT:
        raise ValueError(f"a number has more than {DIGITS_LIMIT:,} digits")
    return int(digits)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
