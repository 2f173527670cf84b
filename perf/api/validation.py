"""Validates bodies and query parameters with serializers that are constructed once."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any, cast

from django.http import QueryDict
from rest_framework.fields import ListField
from rest_framework.serializers import ListSerializer, Serializer, ValidationError

UNKNOWN = "Unknown field."
MAX_UNKNOWN = 100  # unknown fields named
NAME_LENGTH = 100  # characters shown of an unknown name


def valid(kind: type[Serializer[Any]], data: Any) -> dict[str, Any]:
    """Return the validated data of a body.

    Raises ValidationError, also for fields that the serializer, or one nested in it, does not have.
    """
    if not isinstance(data, Mapping):
        raise ValidationError({"non_field_errors": ["The body must be a JSON object."]})
    serializer = _made(kind)
    unknown = _errors(islice(_unknown(serializer, data), MAX_UNKNOWN))
    try:
        values = serializer.run_validation(data)
    except ValidationError as error:
        raise ValidationError(_merged(error.detail, unknown)) from error
    if unknown:
        raise ValidationError(unknown)
    return cast(dict[str, Any], values)


def valid_query(kind: type[Serializer[Any]], query: QueryDict) -> dict[str, Any]:
    """Return the validated query parameters without those that are None; unknown ones are ignored.

    Raises ValidationError. Empty values are validated: in a form, REST framework would treat them as missing.
    """
    values = cast(dict[str, Any], _made(kind).run_validation(query.dict()))
    return {name: value for name, value in values.items() if value is not None}


def _unknown(field: Any, data: Any) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of each name in `data` that `field`, or a field nested in it, does not have."""
    if isinstance(field, Serializer) and isinstance(data, Mapping):
        for name, value in data.items():
            if name not in field.fields:
                yield (_printable(name),)
            else:
                yield from ((name, *path) for path in _unknown(field.fields[name], value))
    elif isinstance(field, ListField | ListSerializer) and isinstance(data, list):
        for index, item in enumerate(data):
            yield from ((index, *path) for path in _unknown(field.child, item))


def _errors(paths: Iterable[tuple[str | int, ...]]) -> dict[Any, Any]:
    """Return an error for each path, nested like the errors of a serializer."""
    errors: dict[Any, Any] = {}
    for *parents, name in paths:
        nested = errors
        for parent in parents:
            nested = nested.setdefault(parent, {})
        nested[name] = [UNKNOWN]
    return errors


def _merged(problems: Any, unknown: dict[Any, Any]) -> Any:
    """Join two trees of errors; where only one is a tree, the errors of the value itself stand."""
    if isinstance(problems, list) and any(isinstance(problem, dict) for problem in problems):
        problems = {index: problem for index, problem in enumerate(problems) if problem}
    if not isinstance(problems, dict):
        return problems
    both = problems.keys() & unknown.keys()
    return {**unknown, **problems, **{name: _merged(problems[name], unknown[name]) for name in both}}


def _printable(name: str) -> str:
    """Return the beginning of a name, without lone surrogates, which UTF-8 cannot express."""
    return name[:NAME_LENGTH].encode(errors="replace").decode()


@cache
def _made(kind: type[Serializer[Any]]) -> Serializer[Any]:
    """Construct a serializer once: copying its fields takes longer than validating with them.

    Threads may share it, since validation does not change it.
    """
    return kind()
