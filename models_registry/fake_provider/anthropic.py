"""Anthropic's messages, as documented at docs.anthropic.com/en/api/messages and messages-streaming."""

from typing import Any

from models_registry.fake_provider.formats import Answer, Format, dump


class AnthropicFormat(Format):
    """`message` objects and the named events from message_start to message_stop."""

    garbage_event = b"event: content_block_delta\ndata: not json\n\n"
    strange_event = b'event: content_block_delta\ndata: ["strange"]\n\n'

    def whole(self, answer: Answer) -> dict[str, Any]:
        """Build a `message`."""
        text = "".join(answer.pieces)
        message = _message(answer, [] if answer.script.content == "null" else [{"type": "text", "text": text}])
        message["stop_reason"] = _stop(answer)
        if answer.script.usage != "0":
            message["usage"] = {"input_tokens": answer.prompt_tokens, "output_tokens": answer.completion_tokens}
        return message

    def opening(self, answer: Answer) -> list[bytes]:
        """Build message_start, content_block_start and ping."""
        message = _message(answer, [])
        if answer.script.usage != "0":
            message["usage"] = {"input_tokens": answer.prompt_tokens, "output_tokens": 1}
        return [
            _event("message_start", message=message),
            _event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
            _event("ping"),
        ]

    def piece(self, answer: Answer, text: str) -> bytes:  # noqa: ARG002 - OpenAI's needs the answer
        """Build a content_block_delta."""
        return _event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})

    def closing(self, answer: Answer) -> list[bytes]:
        """Build content_block_stop, message_delta with the usage, and message_stop."""
        usage = {} if answer.script.usage == "0" else {"usage": {"output_tokens": answer.completion_tokens}}
        return [
            _event("content_block_stop", index=0),
            _event("message_delta", delta={"stop_reason": _stop(answer), "stop_sequence": None}, **usage),
            *([] if answer.script.end == "finish" else [_event("message_stop")]),
        ]

    def error(self, kind: str, message: str) -> dict[str, Any]:
        """Build Anthropic's error object."""
        return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_stub"}

    def error_event(self, kind: str, message: str) -> bytes:
        """Build the `error` event."""
        return b"event: error\ndata: " + dump(self.error(kind, message)) + b"\n\n"


def _event(name: str, **data: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), dump({"type": name, **data}))


def _stop(answer: Answer) -> str:
    return answer.script.finish or "end_turn"


def _message(answer: Answer, content: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": f"msg_{answer.id}",
        "type": "message",
        "role": "assistant",
        "model": answer.body["model"],
        "content": content,
        "stop_reason": None,
        "stop_sequence": None,
    }
