"""What is told of an answer when it is written in a client's protocol."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from models_registry.calls.completion import Call
from models_registry.providers.base import FinishReason, Part, Piece


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer; counts of tokens are None where unknown."""

    text: str
    reasoning: str
    tool_calls: Sequence[Part]
    finish_reason: FinishReason | None
    counts: Mapping[str, Any]  # the columns of `Measurement`
    signature: str = ""  # the vendor's proof that the reasoning is its own


class AnswerWriter(Protocol):
    """Writes one answer in a client's protocol, whole or as a stream of events."""

    def whole(self, answer: Answer) -> dict[str, Any]:
        """Write a whole answer."""
        ...

    def begin(self) -> bytes:
        """Write the events before the first piece."""
        ...

    def piece(self, piece: Piece) -> bytes:
        """Write the events of a piece, b"" for none."""
        ...

    def end(self, answer: Answer) -> bytes:
        """Write the events after the last piece."""
        ...

    def failed(self, error: dict[str, Any]) -> bytes:
        """Write the events that end an answer which broke off, by the body of the error."""
        ...


def seconds_of(answer_id: UUID) -> int:
    """Return when an answer began, in seconds since 1970, as its UUIDv7 says (RFC 9562); another id begins now."""
    return int(answer_id.int >> 80) // 1_000 if answer_id.version == 7 else int(time.time())


def answer_of(call: Call) -> Answer:
    """Read how a call ended."""
    return Answer(
        text=call.text,
        reasoning=call.reasoning,
        tool_calls=call.tool_calls,
        finish_reason=call.finish_reason,
        counts=call.measure()._asdict(),
        signature=call.signature,
    )
