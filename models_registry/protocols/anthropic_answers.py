"""Writes answers as Anthropic's messages (docs.anthropic.com/en/api/messages and messages-streaming)."""

import json
from typing import Any
from uuid import UUID, uuid4

from models_registry.protocols.answers import Answer
from models_registry.providers.base import Part, Piece, Reasoning, ToolDelta

REASONS = {
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "refusal": "refusal",
}


class MessageWriter:
    """Writes a `message`, or its events; thinking of other vendors has an empty signature."""

    def __init__(self, model: str, answer_id: UUID) -> None:
        self._message = {"id": f"msg_{answer_id.hex}", "type": "message", "role": "assistant", "model": model}
        self._index = -1
        self._open: tuple[str, int] | None = None  # the kind of the block that is written, and the number of its call

    def whole(self, answer: Answer) -> dict[str, Any]:
        """Write a `message`."""
        content: list[dict[str, Any]] = []
        if answer.reasoning:
            content.append({"type": "thinking", "thinking": answer.reasoning, "signature": ""})
        if answer.text:
            content.append({"type": "text", "text": answer.text})
        content += [_tool_use(part) for part in answer.tool_calls]
        return {**self._message, "content": content, **_stopped(answer), "usage": usage(answer)}

    def begin(self) -> bytes:
        """Write message_start; the counts are not known yet, and come with message_delta."""
        message: dict[str, Any] = {**self._message, "content": [], "stop_reason": None, "stop_sequence": None}
        return _event("message_start", message={**message, "usage": {"input_tokens": 0, "output_tokens": 0}})

    def piece(self, piece: Piece) -> bytes:
        """Write a delta, after the beginning of its block where it is the first one."""
        if isinstance(piece, Reasoning):
            opening = self._block(("thinking", 0), {"type": "thinking", "thinking": "", "signature": ""})
            return opening + self._delta({"type": "thinking_delta", "thinking": piece})
        if isinstance(piece, str):
            return self._block(("text", 0), {"type": "text", "text": ""}) + self._delta(
                {"type": "text_delta", "text": piece}
            )
        return self._tool(piece) if isinstance(piece, ToolDelta) else b""

    def end(self, answer: Answer) -> bytes:
        """Write content_block_stop, message_delta with the counts, and message_stop."""
        ended = _event("message_delta", delta=_stopped(answer), usage=usage(answer))
        return self._close() + ended + _event("message_stop")

    def failed(self, error: dict[str, Any]) -> bytes:
        """Write an error as the last event."""
        return _event("error", **error)

    def _tool(self, delta: ToolDelta) -> bytes:
        call_id = delta.id or f"toolu_{uuid4().hex[:24]}"
        block = {"type": "tool_use", "id": call_id, "name": delta.name, "input": {}}
        opening = self._block(("tool_use", delta.number), block)
        if not delta.arguments:
            return opening
        return opening + self._delta({"type": "input_json_delta", "partial_json": delta.arguments})

    def _block(self, kind: tuple[str, int], block: dict[str, Any]) -> bytes:
        """Begin a block, unless one of the same kind is open; ends the one that is."""
        if self._open == kind:
            return b""
        closing = self._close()
        self._open = kind
        self._index += 1
        return closing + _event("content_block_start", index=self._index, content_block=block)

    def _close(self) -> bytes:
        if self._open is None:
            return b""
        self._open = None
        return _event("content_block_stop", index=self._index)

    def _delta(self, delta: dict[str, Any]) -> bytes:
        return _event("content_block_delta", index=self._index, delta=delta)


def usage(answer: Answer) -> dict[str, Any]:
    """Write the counts of tokens; those that went through a cache stand apart."""
    counts = {name: value or 0 for name, value in answer.counts.items()}
    read, written = counts["cache_read_tokens"], counts["cache_write_tokens"]
    return {
        "input_tokens": max(0, counts["prompt_tokens"] - read - written),
        "output_tokens": counts["completion_tokens"],
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": written,
    }


def _event(kind: str, **data: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data}, separators=(',', ':'))}\n\n".encode()


def _tool_use(part: Part) -> dict[str, Any]:
    try:
        parsed = json.loads(part["arguments"] or "{}")
    except ValueError:
        parsed = None
    given = parsed if isinstance(parsed, dict) else {"arguments": part["arguments"]}
    return {"type": "tool_use", "id": part["id"] or f"toolu_{uuid4().hex[:24]}", "name": part["name"], "input": given}


def _stopped(answer: Answer) -> dict[str, Any]:
    reason = "tool_use" if answer.tool_calls else REASONS.get(str(answer.finish_reason), "end_turn")
    return {"stop_reason": reason, "stop_sequence": None}
