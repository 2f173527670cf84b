"""What both wire formats of the fake provider share: a response to write, error types and JSON."""

import json
from dataclasses import dataclass
from typing import Any

from models_registry.fake_provider.script import Script

# https://docs.anthropic.com/en/api/errors and OpenAI's error guide; other statuses are an api_error.
ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedResponse:
    """The response to one request, which a wire format writes.

    `pieces` are the texts of a stream's events; `tool` says whether it calls the script's tool.
    """

    script: Script
    body: dict[str, Any]
    pieces: list[str]
    prompt_tokens: int
    completion_tokens: int
    id: str
    tool: bool = False

    @property
    def argument_pieces(self) -> tuple[str, str]:
        """The arguments of the tool in two pieces, as a stream sends them."""
        arguments = self.script.arguments
        return arguments[: len(arguments) // 2], arguments[len(arguments) // 2 :]


def dump(data: Any) -> bytes:
    """Write compact ASCII JSON, as providers do; only its escapes carry a lone surrogate."""
    return json.dumps(data, separators=(",", ":")).encode()
