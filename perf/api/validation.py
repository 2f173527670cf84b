"""Validation of requests by shared serializers."""

from functools import cache
from typing import Any, cast

from django.http import QueryDict
from rest_framework.serializers import Serializer


def valid(kind: type[Serializer[Any]], data: Any) -> dict[str, Any]:
    """Return the validated data of a body. Raises ValidationError."""
    return cast(dict[str, Any], _serializer(kind).run_validation(data))


def valid_query(kind: type[Serializer[Any]], query: QueryDict) -> dict[str, Any]:
    """Return the validated query parameters that are not None. Raises ValidationError.

    An empty value is validated like any other; given a QueryDict, REST framework would ignore it.
    """
    return {name: value for name, value in valid(kind, query.dict()).items() if value is not None}


@cache
def _serializer(kind: type[Serializer[Any]]) -> Serializer[Any]:
    """Return a shared serializer: making one copies its fields, which takes longer than the validation.

    `run_validation` keeps no state, so threads may share it.
    """
    return kind()
