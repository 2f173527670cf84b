"""Anthropic's messages, as documented at docs.anthropic.com/en/api/messages and messages-streaming."""

from typing import Any

from models_registry.fake_provider.formats import ScriptedResponse, dump


class AnthropicFormat:
    """`message` objects, and the named events from message_start to message_stop."""

    garbage_event = b"event: content_block_delta\ndata: not json\n\n"
    strange_event = b'event: content_block_delta\ndata: ["strange"]\n\n'

    def whole(self, response: ScriptedResponse) -> dict[str, Any]:
        """Build a `message`."""
        text = "".join(response.pieces)
        message = _message(response, [] if response.script.content == "null" else [{"type": "text", "text": text}])
        message["stop_reason"] = _stop_reason(response)
        if response.script.usage != "0":
            message["usage"] = {"input_tokens": response.prompt_tokens, "output_tokens": response.completion_tokens}
        return message

    def opening(self, response: ScriptedResponse) -> list[bytes]:
        """Build message_start, content_block_start and ping."""
        message = _message(response, [])
        if response.script.usage != "0":
            message["usage"] = {"input_tokens": response.prompt_tokens, "output_tokens": 1}
        return [
            _event("message_start", message=message),
            _event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
            _event("ping"),
        ]

    def piece(self, response: ScriptedResponse, text: str) -> bytes:  # noqa: ARG002 - OpenAI's format needs it
        """Build a content_block_delta."""
        return _event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})

    def closing(self, response: ScriptedResponse) -> list[bytes]:
        """Build content_block_stop, message_delta with the usage, and message_stop."""
        usage = {} if response.script.usage == "0" else {"usage": {"output_tokens": response.completion_tokens}}
        return [
            _event("content_block_stop", index=0),
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
    return response.script.finish or "end_turn"


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
