"""A JSON parser that bounds the size of bodies and the number of their values."""

import json
import re
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from llmselect_project.api.bodies.limits import body_limit
from llmselect_project.api.errors import RequestTooLarge

MAX_VALUES = 50_000  # brackets and commas outside of strings; 200 messages have 800
MAX_DIGITS = 1000
# A whole string, so that nothing inside it counts (it may lack its end), or the start of a value.
_VALUE_START = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{,]', re.DOTALL)


class BoundedJSONParser(BaseParser):
    """Parses a JSON body as UTF-8, without NaN and Infinity."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,  # noqa: ARG002
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the value. Raises RequestTooLarge, and ParseError for other than JSON or over `MAX_VALUES`."""
        path = parser_context["request"].path_info if parser_context else ""
        limit = body_limit(path)
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise RequestTooLarge(limit)
        if not body and parser_context and "HTTP_TRANSFER_ENCODING" in parser_context["request"].META:
            return {}  # without a length, an empty body is known only now
        if _has_too_many_values(body):
            raise ParseError(f"The body must not have more than {MAX_VALUES:,} brackets and commas.")
        try:
            return json.loads(body.decode(), parse_constant=_refuse, parse_int=_integer)
        except (ValueError, RecursionError) as error:
            raise ParseError(f"The body is not valid JSON: {error}") from error


def _has_too_many_values(body: bytes) -> bool:
    """Return whether a body would be expensive to parse; stops counting at the limit."""
    if sum(map(body.count, (b"[", b"{", b","))) <= MAX_VALUES:  # a quick upper bound, strings included
        return False
    starts = (match for match in _VALUE_START.finditer(body) if body[match.start()] != ord('"'))
    return any(number >= MAX_VALUES for number, _ in enumerate(starts))


def _integer(digits: str) -> int:
    """Read a whole number of bounded length: the time grows with the square of its digits. Raises ValueError."""
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"a number has more than {MAX_DIGITS:,} digits")
    return int(digits)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
