"""Errors in the shapes of the protocols, and in their words.

OpenAI's: platform.openai.com/docs/guides/error-codes, Anthropic's: docs.anthropic.com/en/api/errors.
"""

from typing import Any

from models_registry.protocols.requests import Protocol

OPENAI_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "invalid_request_error",
    405: "invalid_request_error",
    409: "invalid_request_error",
    413: "invalid_request_error",
    415: "invalid_request_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
}
ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    409: "invalid_request_error",
    413: "request_too_large",
    415: "invalid_request_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
# Our codes in OpenAI's words, which clients look for; all others stay ours.
OPENAI_CODES = {
    "not_authenticated": "invalid_api_key",
    "token_not_valid": "invalid_api_key",
    "throttled": "rate_limit_exceeded",
}


def error_body(protocol: Protocol, status: int, code: str, message: str, *, param: str | None = None) -> dict[str, Any]:
    """Write an error."""
    if protocol == "anthropic":
        kind = ANTHROPIC_TYPES.get(status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": message}}
    kind = OPENAI_TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return {"error": {"message": message, "type": kind, "param": param, "code": OPENAI_CODES.get(code, code)}}
