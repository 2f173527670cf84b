"""Errors of the gateway in the shapes of its clients' protocols, whatever raised them and wherever."""

from collections.abc import Mapping
from typing import Any

from models_registry.errors import UnknownModel
from models_registry.protocols.errors import error_body
from models_registry.protocols.requests import Protocol

PREFIX = "/v1/"
MESSAGES = "/v1/messages"
VERSION_HEADER = "HTTP_ANTHROPIC_VERSION"  # which every client of Anthropic's protocol sends
# What a provider says of the request itself is the client's to mend.
PASSED_ON = frozenset({400, 404, 413, 422})
NO_RETRY = {"x-should-retry": "false"}  # which the vendors' SDKs obey


def protocol_of(path: str, environ: Mapping[str, Any]) -> Protocol | None:
    """Tell which protocol a request speaks; None for one that is not the gateway's."""
    if path != PREFIX.rstrip("/") and not path.startswith(PREFIX):
        return None
    if path.startswith(MESSAGES) or VERSION_HEADER in environ:
        return "anthropic"
    return "openai"


def translated(
    protocol: Protocol, status: int, envelope: Mapping[str, Any], error: BaseException | None = None
) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Write an error of the envelope (`error`, `message`, `details`) in a protocol: status, body, more headers."""
    code, message, details = envelope["error"], envelope["message"], envelope.get("details") or {}
    headers: dict[str, str] = getattr(error, "headers", {})
    if isinstance(error, UnknownModel):
        code = "model_not_found"
    if status == 502 and details.get("status") in PASSED_ON:
        status, code = details["status"], details.get("code") or "provider_error"
    elif code == "context_length_exceeded":
        status = 400
    elif status == 402 or (status == 409 and code != "in_progress") or code == "budget_exceeded":
        headers = headers | NO_RETRY
    param = getattr(error, "param", None) or details.get("param")
    if code == "invalid" and param is None and details:
        param, sentences = next(iter(details.items()))
        message = sentences[0] if isinstance(sentences, list) else message
    return status, error_body(protocol, status, code, message, param=param), headers
