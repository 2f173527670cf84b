"""Validating what was sent without making a serializer for it."""

from functools import cache
from typing import Any, cast

from django.http import QueryDict
from rest_framework.serializers import Serializer


def valid(kind: type[Serializer[Any]], data: Any) -> dict[str, Any]:
    """Return what a serializer makes of a body; raises ValidationError."""
    return cast(dict[str, Any], _made(kind).run_validation(data))


def valid_query(kind: type[Serializer[Any]], query: QueryDict) -> dict[str, Any]:
    """Return what a serializer makes of query parameters, those that are None left out; raises ValidationError.

    An empty value is validated like any other. As a form, REST framework would take it for one that is not there.
    """
    return {name: value for name, value in valid(kind, query.dict()).items() if value is not None}


@cache
def _made(kind: type[Serializer[Any]]) -> Serializer[Any]:
    """Make a serializer once: it copies each of its fields, which takes longer than validating by them.

    Validating keeps nothing in it, so that threads may share it.
    """
    return kind()
