"""Why an answer is missing or broke off, as it is stored and shown."""

from typing import Any

from rest_framework import serializers, status
from rest_framework.exceptions import APIException

INTERRUPTED = ("interrupted", "The answer was given up before it was complete.")
MESSAGE_LENGTH = 1000  # characters, the column's


class GivenUp(APIException):
    """Somebody asked to stop the answer."""

    status_code = status.HTTP_409_CONFLICT
    default_code, default_detail = INTERRUPTED


class AnswerError(serializers.Serializer[Any]):
    """Why an answer is missing or broke off."""

    error = serializers.CharField()
    message = serializers.CharField()


def reason(failure: APIException) -> tuple[str, str]:
    """Return the code and the text of an error, as the client got them, at most `MESSAGE_LENGTH` characters."""
    return str(failure.get_codes()), str(failure.detail)[:MESSAGE_LENGTH]


def error_row(code: str | None, message: str | None) -> dict[str, str] | None:
    """Write a stored reason the way `AnswerError` documents it; None without a code."""
    return {"error": code, "message": message or ""} if code else None
