"""Errors of the project itself: each knows its HTTP status and code."""

from rest_framework import exceptions, status


class TokenNotValid(exceptions.AuthenticationFailed):
    """An access or refresh token that is malformed, expired, reused, or whose session is over."""

    default_code = "token_not_valid"
    auth_header: str | None = None  # how to log in; REST framework fills it in where it authenticates
    default_detail = "The token is invalid or expired."


class RegistrationClosed(exceptions.PermissionDenied):
    """The registration policy lets nobody in, or not with this token."""

    default_code = "registration_closed"
    default_detail = "Registration is closed; ask for a registration token."


class RequestTooLarge(exceptions.APIException):
    """A body over the limit."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "request_too_large"
    default_detail = "The request body is larger than 2,000,000 bytes."


class RequestTimeout(exceptions.APIException):
    """A body that did not come in time."""

    status_code = status.HTTP_408_REQUEST_TIMEOUT
    default_code = "request_timeout"
    default_detail = "The request body did not arrive in time."


class TooManyBodies(exceptions.APIException):
    """All threads that wait for bodies are held by some that do not come."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "server_busy"
    default_detail = "The server waits for as many request bodies as it can; try again in a moment."
    wait = 1


class BodyNotRead(OSError):
    """A body that was not read; `answer` is what the client is told. Django makes an UnreadablePostError of it."""

    def __init__(self, answer: exceptions.APIException) -> None:
        super().__init__(str(answer.detail))
        self.answer = answer


class DatabaseBusy(exceptions.APIException):
    """No connection became free in time, or another writer held the database too long."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "database_busy"
    default_detail = "The database is busy; try again in a moment."
    wait = 1


class DatabaseUnavailable(exceptions.APIException):
    """The database cannot be reached or cannot be written."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "database_unavailable"
    default_detail = "The database is not available; try again in a moment."
    wait = 5
