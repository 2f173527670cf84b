"""The one shape of every error: `{"error": code, "message": sentence, "details": object}`."""

import logging
from itertools import islice
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation, TooManyFieldsSent
from django.db import DatabaseError
from django.http import Http404, HttpRequest, JsonResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

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

FIELDS, SENTENCE = 20, 300  # fields that details names, characters of a sentence

# What failures outside REST framework are called, by status.
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
    """Turn whatever a view raised into the envelope; what is nobody's fault but ours is logged and a 500."""
    set_rollback()
    known = _as_api_exception(error) or _account_is_gone(error, context)
    if known is None:
        logger.error("unhandled error", exc_info=error, extra={"view": type(context.get("view")).__name__})
        code, message = CODES[500]
        return Response(envelope(code, message), status=500)
    if isinstance(known, exceptions.ValidationError):
        body = _invalid(flatten(known.detail))
    else:
        body = envelope(str(known.get_codes()), _writable(known.detail), getattr(known, "details", None))
    return Response(body, status=known.status_code, headers=_headers(known))


def _invalid(details: dict[str, list[str]]) -> dict[str, Any]:
    """Build the body of a validation error, whose size does not depend on how much is wrong."""
    named = "each field" if len(details) <= FIELDS else f"{FIELDS} of {len(details):,} fields"
    return envelope(
        "invalid", f"The request is not valid; details names {named}.", dict(islice(details.items(), FIELDS))
    )


def envelope(code: str, message: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
    """Build the body of an error."""
    return {"error": code, "message": message, "details": details or {}}


def plain_response(status_code: int) -> JsonResponse:
    """Answer an error of this status without REST framework, which may be what failed."""
    nearest = status_code if status_code in CODES else 400 if status_code < 500 else 500
    return JsonResponse(envelope(*CODES[nearest]), status=status_code)


@csrf_exempt  # else it would look for a token in a body that nobody wants
def api_not_found(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """Answer every path under the API that no route matches."""
    return plain_response(404)


def flatten(detail: Any, path: str = "") -> dict[str, list[str]]:
    """Map nested validation errors to dotted paths like `models.0.provider`, each to its sentences."""
    if isinstance(detail, dict):
        items = detail.items()
    elif isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        items = dict(enumerate(detail)).items()
    else:
        sentences = [_writable(item) for item in (detail if isinstance(detail, list) else [detail])]
        return {path or "non_field_errors": sentences}
    flat: dict[str, list[str]] = {}
    for key, value in items:
        if value:
            flat |= flatten(value, f"{path}.{key}" if path else str(key))
    return flat


def _writable(sentence: Any) -> str:
    """Replace lone surrogates, and shorten: some sentences quote what was sent."""
    text = str(sentence)
    shown = text if len(text) <= SENTENCE else f"{text[:SENTENCE]}…"
    return shown.encode(errors="replace").decode()


def _as_api_exception(error: Exception) -> exceptions.APIException | None:
    if isinstance(error, exceptions.APIException):
        return error
    if isinstance(error, UnreadablePostError) and isinstance(error.__cause__, BodyNotRead):
        return error.__cause__.answer
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
    """Tell what Django refuses to read apart from what is wrong in other ways, without its words on settings."""
    if isinstance(error, RequestDataTooBig):
        return RequestTooLarge()
    many = isinstance(error, TooManyFieldsSent)
    return exceptions.ValidationError("There are too many parameters." if many else "The request is not valid.")


def _account_is_gone(error: Exception, context: dict[str, Any]) -> exceptions.APIException | None:
    """Say so where something was to be read or stored for a user who was deleted while the request ran."""
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
