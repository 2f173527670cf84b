"""Writes answers as OpenAI's chat completions (platform.openai.com/docs/api-reference/chat/object and streaming)."""

import json
from typing import Any
from uuid import UUID, uuid4

from models_registry.protocols.answers import Answer, seconds_of
from models_registry.providers.base import Piece, Reasoning, ToolDelta

REASONS = {"refusal": "content_filter", "error": "stop", None: "stop"}
DONE = b"data: [DONE]\n\n"


class CompletionWriter:
    """Writes a `chat.completion`, or its chunks; reasoning stands in `reasoning_content`, where clients look for it."""

    def __init__(self, model: str, answer_id: UUID, *, include_usage: bool = False) -> None:
        self._include_usage = include_usage
        self._envelope = {"id": f"chatcmpl-{answer_id.hex}", "created": seconds_of(answer_id), "model": model}
        self._numbers: dict[int, bool] = {}  # of the tool calls so far, and whether they have arguments

    def whole(self, answer: Answer) -> dict[str, Any]:
        """Write a `chat.completion`."""
        calls = [_call(part) for part in answer.tool_calls]
        message: dict[str, Any] = {
            "role": "assistant",
            "content": answer.text or (None if calls else ""),
            "refusal": None,
            **({"reasoning_content": answer.reasoning} if answer.reasoning else {}),
            **({"tool_calls": calls} if calls else {}),
        }
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _reason(answer)}
        return {**self._envelope, "object": "chat.completion", "choices": [choice], "usage": usage(answer)}

    def begin(self) -> bytes:
        """Write the chunk that names the role."""
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def piece(self, piece: Piece) -> bytes:
        """Write one chunk."""
        if isinstance(piece, Reasoning):
            return self._chunk({"reasoning_content": piece})
        if isinstance(piece, str):
            return self._chunk({"content": piece})
        return self._tool(piece) if isinstance(piece, ToolDelta) else b""

    def end(self, answer: Answer) -> bytes:
        """Write the chunk with the reason, the one with the usage if it was asked for, and [DONE]."""
        empty = [number for number, has_arguments in self._numbers.items() if not has_arguments]
        events = [self._tool(ToolDelta(number, arguments="{}")) for number in empty]
        events.append(self._chunk({}, _reason(answer)))
        if self._include_usage:
            events.append(self._event(choices=[], usage=usage(answer)))
        return b"".join((*events, DONE))

    def failed(self, error: dict[str, Any]) -> bytes:
        """Write an error as the last event."""
        return event(error)

    def _tool(self, delta: ToolDelta) -> bytes:
        is_first = delta.number not in self._numbers
        self._numbers[delta.number] = self._numbers.get(delta.number, False) or bool(delta.arguments)
        function: dict[str, Any] = {"arguments": delta.arguments}
        call: dict[str, Any] = {"index": delta.number, "function": function}
        if is_first:
            call |= {"id": delta.id or f"call_{uuid4().hex[:24]}", "type": "function"}
            function["name"] = delta.name
        return self._chunk({"tool_calls": [call]})

    def _chunk(self, delta: dict[str, Any], reason: str | None = None) -> bytes:
        return self._event(choices=[{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}])

    def _event(self, **more: Any) -> bytes:
        if self._include_usage and "usage" not in more:
            more["usage"] = None  # as OpenAI does
        return event({**self._envelope, "object": "chat.completion.chunk", **more})


def event(data: dict[str, Any]) -> bytes:
    """Write an event of a stream."""
    return b"data: " + json.dumps(data, separators=(",", ":")).encode() + b"\n\n"


def usage(answer: Answer) -> dict[str, Any]:
    """Write the counts of tokens; OpenAI's SDK takes no null."""
    counts = {name: value or 0 for name, value in answer.counts.items()}
    prompt, completion = counts["prompt_tokens"], counts["completion_tokens"]
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": counts["cache_read_tokens"]},
        "completion_tokens_details": {"reasoning_tokens": counts["reasoning_tokens"]},
    }


def _call(part: dict[str, Any]) -> dict[str, Any]:
    function = {"name": part["name"], "arguments": part["arguments"]}
    return {"id": part["id"] or f"call_{uuid4().hex[:24]}", "type": "function", "function": function}


def _reason(answer: Answer) -> str:
    if answer.tool_calls:
        return "tool_calls"
    return REASONS.get(answer.finish_reason, str(answer.finish_reason))
