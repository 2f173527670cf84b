"""Anthropic's messages, as documented at docs.anthropic.com/en/api/messages and messages-streaming."""

import json
from typing import Any

from models_registry.fake_provider.formats import ScriptedResponse, dump

SIGNATURE = "c2lnbmVk"


class AnthropicFormat:
    """`message` objects, and the named events from message_start to message_stop."""

    garbage_event = b"event: content_block_delta\ndata: not json\n\n"
    strange_event = b'event: content_block_delta\ndata: ["strange"]\n\n'

    def whole(self, response: ScriptedResponse) -> dict[str, Any]:
        """Build a `message`."""
        text = "".join(response.pieces)
        blocks = _thinking(response)
        if response.script.content != "null" and response.pieces:
            blocks.append({"type": "text", "text": text})
        if response.tool:
            arguments = json.loads(response.script.arguments)
            blocks.append(
                {"type": "tool_use", "id": f"toolu_{response.id}", "name": response.script.tool, "input": arguments}
            )
        message = _message(response, blocks)
        message["stop_reason"] = _stop_reason(response)
        if response.script.usage != "0":
            message["usage"] = {"input_tokens": response.prompt_tokens, "output_tokens": response.completion_tokens}
        return message

    def opening(self, response: ScriptedResponse) -> list[bytes]:
        """Build message_start, content_block_start and ping."""
        message = _message(response, [])
        if response.script.usage != "0":
            message["usage"] = {"input_tokens": response.prompt_tokens, "output_tokens": 1}
        events = [_event("message_start", message=message)]
        if response.script.think:
            events += [
                _event(
                    "content_block_start", index=0, content_block={"type": "thinking", "thinking": "", "signature": ""}
                ),
                _event(
                    "content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": response.script.think}
                ),
                _event("content_block_delta", index=0, delta={"type": "signature_delta", "signature": SIGNATURE}),
                _event("content_block_stop", index=0),
            ]
        if response.pieces:
            block = {"type": "text", "text": ""}
            events.append(_event("content_block_start", index=_text_index(response), content_block=block))
        return [*events, _event("ping")]

    def piece(self, response: ScriptedResponse, text: str) -> bytes:
        """Build a content_block_delta."""
        delta = {"type": "text_delta", "text": text}
        return _event("content_block_delta", index=_text_index(response), delta=delta)

    def closing(self, response: ScriptedResponse) -> list[bytes]:
        """Build content_block_stop, message_delta with the usage, and message_stop."""
        usage = {} if response.script.usage == "0" else {"usage": {"output_tokens": response.completion_tokens}}
        return [
            *([_event("content_block_stop", index=_text_index(response))] if response.pieces else []),
            *(_tool_events(response) if response.tool else []),
            _event("message_delta", delta={"stop_reason": _stop_reason(response), "stop_sequence": None}, **usage),
            *([] if response.script.end == "finish" else [_event("message_stop")]),
        ]

    def error(self, kind: str, message: str) -> dict[str, Any]:
        """Build the body of an error."""
        return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_stub"}

    def error_event(self, kind: str, message: str) -> bytes:
        """Build the `error` event of a stream."""
        return _event(**self.error(kind, message))


def _event(type: str, **data: Any) -> bytes:  # noqa: A002 - the field's name
    return b"event: %b\ndata: %b\n\n" % (type.encode(), dump({"type": type, **data}))


def _stop_reason(response: ScriptedResponse) -> str:
    return response.script.finish or ("tool_use" if response.tool else "end_turn")


def _thinking(response: ScriptedResponse) -> list[dict[str, Any]]:
    thought = response.script.think
    return [{"type": "thinking", "thinking": thought, "signature": SIGNATURE}] if thought else []


def _text_index(response: ScriptedResponse) -> int:
    return 1 if response.script.think else 0


def _tool_events(response: ScriptedResponse) -> list[bytes]:
    """Build the block of a call, whose input arrives in pieces."""
    index = _text_index(response) + bool(response.pieces)
    block = {"type": "tool_use", "id": f"toolu_{response.id}", "name": response.script.tool, "input": {}}
    deltas = ({"type": "input_json_delta", "partial_json": piece} for piece in response.argument_pieces)
    return [
        _event("content_block_start", index=index, content_block=block),
        *(_event("content_block_delta", index=index, delta=delta) for delta in deltas),
        _event("content_block_stop", index=index),
    ]


def _message(response: ScriptedResponse, content: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": f"msg_{response.id}",
        "type": "message",
        "role": "assistant",
        "model": response.body["model"],
        "content": content,
        "stop_reason": None,
        "stop_sequence": None,
    }
