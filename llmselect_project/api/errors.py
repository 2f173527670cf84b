"""The project's own errors, each with its HTTP status and code."""

from rest_framework import exceptions, status


class TokenNotValid(exceptions.AuthenticationFailed):
    """An access or refresh token that is malformed, expired, reused, or whose session is over."""

    default_code = "token_not_valid"
    auth_header: str | None = None  # the WWW-Authenticate header, which REST framework sets
    default_detail = "The token is invalid or expired."


class RegistrationClosed(exceptions.PermissionDenied):
    """The registration policy does not allow this registration."""

    default_code = "registration_closed"
    default_detail = "Registration is closed; ask a member of staff for an account."


class RequestTooLarge(exceptions.APIException):
    """The body is over the limit."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "request_too_large"
    default_detail = "The request body is larger than 2,000,000 bytes."

    def __init__(self, limit: int | None = None) -> None:
        """Take the limit in bytes where it is another."""
        super().__init__(None if limit is None else f"The request body is larger than {limit:,} bytes.")


class RequestTimeout(exceptions.APIException):
    """The body did not arrive in time."""

    status_code = status.HTTP_408_REQUEST_TIMEOUT
    default_code = "request_timeout"
    default_detail = "The request body did not arrive in time."


class TooManyBodies(exceptions.APIException):
    """All readers are blocked by bodies that do not arrive."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "server_busy"
    default_detail = "The server waits for as many request bodies as it can; try again in a moment."
    wait = 1


class BodyNotRead(OSError):
    """The body was not read; `refusal` is the error for the client. Django turns this into an UnreadablePostError."""

    def __init__(self, refusal: exceptions.APIException) -> None:
        super().__init__(str(refusal.detail))
        self.refusal = refusal


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


class NotAllowedForTokens(exceptions.PermissionDenied):
    """An API token was sent to an endpoint that no token may use."""

    default_code = "not_allowed_for_tokens"
    default_detail = "No API token may do this; log in for it."


class EndpointNotAllowed(exceptions.PermissionDenied):
    """The token is limited to other endpoints; `group` is the one that it would need."""

    default_code = "endpoint_not_allowed"

    def __init__(self, group: str) -> None:
        super().__init__(f"This token may not use the endpoints of the group {group}.")
        self.details = {"endpoints": group}


class ReadOnlyToken(exceptions.PermissionDenied):
    """The token may only read."""

    default_code = "read_only_token"
    default_detail = "This token may only read."
