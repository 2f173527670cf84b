"""Validating what was sent without making a serializer for it."""

from functools import cache
from typing import Any, cast

from rest_framework.serializers import Serializer


def valid(kind: type[Serializer[Any]], data: Any) -> dict[str, Any]:
    """Return what a serializer makes of a body or of query parameters; raises ValidationError."""
    return cast(dict[str, Any], _made(kind).run_validation(data))


@cache
def _made(kind: type[Serializer[Any]]) -> Serializer[Any]:
    """Make a serializer once: it copies each of its fields, which takes longer than validating by them.

    Validating keeps nothing in it, so that threads may share it.
    """
    return kind()
