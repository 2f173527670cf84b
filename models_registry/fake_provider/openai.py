"""OpenAI's chat completions, as documented at platform.openai.com/docs/api-reference/chat."""

from typing import Any

from models_registry.fake_provider.formats import Answer, Format, content_of, dump


class OpenAIFormat(Format):
    """`chat.completion` objects, chunks and the closing [DONE]."""

    def whole(self, answer: Answer) -> dict[str, Any]:
        """Build a `chat.completion`."""
        message = {"role": "assistant", "content": content_of(answer.script, "".join(answer.pieces)), "refusal": None}
        body = self._envelope(answer, "chat.completion")
        body["choices"] = [{"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(answer)}]
        if answer.script.usage != "0":
            body["usage"] = _usage(answer)
        return body

    def opening(self, answer: Answer) -> list[bytes]:
        """Build the chunk that names the role."""
        return [self._chunk(answer, {"role": "assistant", "content": "", "refusal": None}, None)]

    def piece(self, answer: Answer, text: str) -> bytes:
        """Build a chunk with a delta."""
        return self._chunk(answer, {"content": content_of(answer.script, text)}, None)

    def closing(self, answer: Answer) -> list[bytes]:
        """Build the chunk with the finish reason, the one with the usage when asked for, and [DONE]."""
        asked = (answer.body.get("stream_options") or {}).get("include_usage")
        always = {"usage": _usage(answer)} if answer.script.usage == "always" else {}
        events = [self._chunk(answer, {}, _finish(answer), **always)]
        if asked and answer.script.usage == "":
            events.append(
                _event({**self._envelope(answer, "chat.completion.chunk"), "choices": [], "usage": _usage(answer)})
            )
        return events if answer.script.end == "finish" else [*events, b"data: [DONE]\n\n"]

    def error(self, kind: str, message: str) -> dict[str, Any]:
        """Build OpenAI's error object."""
        return {"error": {"message": message, "type": kind, "param": None, "code": None}}

    def error_event(self, kind: str, message: str) -> bytes:
        """Build the error as a data line."""
        return _event(self.error(kind, message))

    def _envelope(self, answer: Answer, kind: str) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-{answer.id}",
            "object": kind,
            "created": 1_700_000_000,
            "model": answer.body["model"],
            "system_fingerprint": "fp_stub",
        }

    def _chunk(self, answer: Answer, delta: dict[str, Any], finish: str | None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _event({**self._envelope(answer, "chat.completion.chunk"), "choices": [choice], **more})


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + dump(data) + b"\n\n"


def _finish(answer: Answer) -> str:
    return answer.script.finish or "stop"


def _usage(answer: Answer) -> dict[str, int]:
    total = answer.prompt_tokens + answer.completion_tokens
    return {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "total_tokens": total,
    }
