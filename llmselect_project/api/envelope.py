"""The one shape of every error: `{"error": code, "message": sentence, "details": object}`; the gateway has others."""

import logging
import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation, TooManyFieldsSent
from django.db import DatabaseError
from django.http import Http404, HttpRequest, JsonResponse, UnreadablePostError
from django.urls import resolve
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from conversations.gateway.errors import protocol_of, translated
from llmselect_project.api.errors import (
    BodyNotRead,
    DatabaseBusy,
    DatabaseUnavailable,
    RequestTimeout,
    RequestTooLarge,
    TokenNotValid,
)
from perf.db import failures
from perf.db.connections import one_line

logger = logging.getLogger("llmselect.errors")

MAX_FIELDS = 20  # named in `details`
MAX_LENGTH = 300  # characters of a message

# Code and message of errors outside of REST framework, by status.
CODES = {
    400: ("invalid", "The request is not valid."),
    401: ("not_authenticated", "Authentication credentials were not provided."),
    403: ("permission_denied", "You do not have permission to perform this action."),
    404: ("not_found", "Not found."),
    405: ("method_not_allowed", "The method is not allowed here."),
    408: ("request_timeout", RequestTimeout.default_detail),
    413: ("request_too_large", RequestTooLarge.default_detail),
    415: ("unsupported_media_type", "The body must be JSON."),
    500: ("server_error", "Something went wrong on the server."),
}


def envelope_handler(error: Exception, context: dict[str, Any]) -> Response:
    """Turn an exception of a view into the envelope; an unexpected one is logged and becomes a 500."""
    set_rollback()
    known = _as_api_exception(error) or _deleted_account(error, context)
    if known is None:
        logger.error("unhandled error", exc_info=error, extra={"view": type(context.get("view")).__name__})
        known = exceptions.APIException(CODES[500][1], CODES[500][0])
    if isinstance(known, exceptions.ValidationError):
        body = _invalid(flatten(known.detail))
    elif isinstance(error, Http404) and (misspelt := _misspelt(context["request"].path_info)):
        body = misspelt  # an id of a model may hold slashes, so its route takes one too many
    else:
        body = envelope(str(known.get_codes()), _printable(known.detail), getattr(known, "details", None))
    status, body, headers = in_protocol(context["request"].META, known.status_code, body, known)
    return Response(body, status=status, headers=headers | _headers(known))


def in_protocol(
    environ: Mapping[str, Any], status: int, body: dict[str, Any], error: BaseException | None = None
) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Give an error of the gateway the shape of the client's protocol: status, body and more headers."""
    protocol = protocol_of(environ["PATH_INFO"], environ)
    return (status, body, {}) if protocol is None else translated(protocol, status, body, error)


def _invalid(details: dict[str, list[str]]) -> dict[str, Any]:
    """Build the body of a validation error; it names at most `MAX_FIELDS` fields, to bound its size."""
    named = "each field" if len(details) <= MAX_FIELDS else f"{MAX_FIELDS} of {len(details):,} fields"
    return envelope(
        "invalid", f"The request is not valid; details names {named}.", dict(islice(details.items(), MAX_FIELDS))
    )


def envelope(code: str, message: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
    """Build the body of an error."""
    return {"error": code, "message": message, "details": details or {}}


def plain_response(request: HttpRequest, status_code: int, message: str | None = None) -> JsonResponse:
    """Return an error response without REST framework, which may be what failed; `message` explains it better."""
    nearest = status_code if status_code in CODES else 400 if status_code < 500 else 500
    code, usual = CODES[nearest]
    status, body, _ = in_protocol(request.META, status_code, envelope(code, message or usual))
    return JsonResponse(body, status=status)


@csrf_exempt  # else it would look for a token in a body that nobody wants
def api_not_found(request: HttpRequest) -> JsonResponse:
    """Answer every path under the API that no route matches, and name the right one where slashes are too many.

    It does not redirect: most clients would send a body twice, or follow without it, or not follow at all.
    """
    status, body, _ = in_protocol(request.META, 404, _misspelt(request.path_info) or envelope(*CODES[404]))
    return JsonResponse(body, status=status)


def _misspelt(path: str) -> dict[str, Any] | None:
    """Build the body of a 404 that names the right path; None when slashes are not what is wrong."""
    right = _without_needless_slashes(path)
    if right is None:
        return None
    return envelope("not_found", f"Not found: the path is {right}, without the needless slash.", {"path": right})


def _without_needless_slashes(path: str) -> str | None:
    """Return the path with a route that this one is meant to be; None when there is none."""
    right = re.sub("/{2,}", "/", path).rstrip("/")
    if right == path or not right.startswith(("/api/", "/v1/")):
        return None
    return None if resolve(right).func is api_not_found else right


def flatten(detail: Any, path: str = "") -> dict[str, list[str]]:
    """Map nested validation errors to lists of messages by dotted paths like `models.0.provider`."""
    if isinstance(detail, dict):
        items = detail.items()
    elif isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        items = dict(enumerate(detail)).items()
    else:
        messages = [_printable(item) for item in (detail if isinstance(detail, list) else [detail])]
        return {path or "non_field_errors": messages}
    flat: dict[str, list[str]] = {}
    for key, value in items:
        if value:
            flat |= flatten(value, f"{path}.{key}" if path else str(key))
    return flat


def _printable(message: Any) -> str:
    """Shorten a message and replace lone surrogates, which it may quote from the request."""
    text = str(message)
    shown = text if len(text) <= MAX_LENGTH else f"{text[:MAX_LENGTH]}…"
    return shown.encode(errors="replace").decode()


def _as_api_exception(error: Exception) -> exceptions.APIException | None:
    if isinstance(error, exceptions.APIException):
        return error
    if isinstance(error, UnreadablePostError) and isinstance(error.__cause__, BodyNotRead):
        return error.__cause__.refusal
    if isinstance(error, Http404):
        return exceptions.NotFound()
    if isinstance(error, SuspiciousOperation):
        return _suspicious(error)
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    if failures.is_transient(error):
        failures.note(error)
        if not failures.is_logged(error):
            logger.error("database error", exc_info=error, extra={"error": one_line(error)})
        return DatabaseBusy() if failures.is_busy(error) else DatabaseUnavailable()
    return None


def _suspicious(error: SuspiciousOperation) -> exceptions.APIException:
    """Choose the error for a request that Django refuses; Django's own messages name settings."""
    if isinstance(error, RequestDataTooBig):
        return RequestTooLarge()
    many = isinstance(error, TooManyFieldsSent)
    return exceptions.ValidationError("There are too many parameters." if many else "The request is not valid.")


def _deleted_account(error: Exception, context: dict[str, Any]) -> exceptions.APIException | None:
    """Return TokenNotValid if the error came from the deletion of the user during the request."""
    if not isinstance(error, DatabaseError | User.DoesNotExist):
        return None
    request = context.get("request")
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    if User.objects.filter(pk=user.pk).exists():
        return None
    refused = TokenNotValid()
    refused.auth_header = context["view"].get_authenticate_header(request)
    return refused


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if (wait := getattr(error, "wait", None)) is not None:
        headers["Retry-After"] = str(max(1, round(wait)))
    return headers
