"""The two wire formats the stub speaks: whole answers, stream events, lists of models and errors."""

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from models_registry.fake_provider.script import Script

# https://docs.anthropic.com/en/api/errors and OpenAI's error guide; what is not listed is an api_error.
ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is to be sent for one request."""

    script: Script
    body: dict[str, Any]
    pieces: list[str]
    prompt_tokens: int
    completion_tokens: int
    id: str


class Format(ABC):
    """One wire format; events are complete SSE blocks with line feeds."""

    garbage_event = b"data: not json\n\n"
    strange_event = b'data: ["strange"]\n\n'

    @abstractmethod
    def whole(self, answer: Answer) -> dict[str, Any]:
        """Build a whole answer."""

    @abstractmethod
    def opening(self, answer: Answer) -> list[bytes]:
        """Build the events before the first piece."""

    @abstractmethod
    def piece(self, answer: Answer, text: str) -> bytes:
        """Build the event of one piece of text."""

    @abstractmethod
    def closing(self, answer: Answer) -> list[bytes]:
        """Build the events after the last piece, down to the mark of the end."""

    @abstractmethod
    def error(self, kind: str, message: str) -> dict[str, Any]:
        """Build the body of an error."""

    @abstractmethod
    def error_event(self, kind: str, message: str) -> bytes:
        """Build an error in the middle of a stream."""


def dump(data: Any) -> bytes:
    """Write JSON as providers do: compact, all but ASCII escaped (a lone surrogate has no other way over the wire)."""
    return json.dumps(data, separators=(",", ":")).encode()


def content_of(script: Script, text: str) -> Any:
    """Dress a text as `content=` asks."""
    if script.content == "null":
        return None
    return [{"type": "text", "text": text}] if script.content == "parts" else text
