"""OpenAI's chat completions, as documented at platform.openai.com/docs/api-reference/chat."""

from typing import Any

from models_registry.fake_provider.formats import ScriptedResponse, dump


class OpenAIFormat:
    """`chat.completion` objects, chunks and the closing [DONE]."""

    garbage_event = b"data: not json\n\n"
    strange_event = b'data: ["strange"]\n\n'

    def whole(self, response: ScriptedResponse) -> dict[str, Any]:
        """Build a `chat.completion`."""
        message = {"role": "assistant", "content": _content(response, "".join(response.pieces)), "refusal": None}
        if response.script.think:
            message["reasoning_content"] = response.script.think
        if response.tool:
            function = {"name": response.script.tool, "arguments": response.script.arguments}
            message["tool_calls"] = [{"id": f"call_{response.id}", "type": "function", "function": function}]
            message["content"] = message["content"] or None
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish_reason(response)}
        usage = {} if response.script.usage == "0" else {"usage": _usage(response)}
        return {**_envelope(response, "chat.completion"), "choices": [choice], **usage}

    def opening(self, response: ScriptedResponse) -> list[bytes]:
        """Build the chunk that names the role."""
        opening = [_chunk(response, {"role": "assistant", "content": "", "refusal": None})]
        thought = [_chunk(response, {"reasoning_content": response.script.think})] if response.script.think else []
        return opening + thought

    def piece(self, response: ScriptedResponse, text: str) -> bytes:
        """Build a chunk with a delta."""
        return _chunk(response, {"content": _content(response, text)})

    def closing(self, response: ScriptedResponse) -> list[bytes]:
        """Build the chunk with the finish reason, the one with the usage if it was requested, and [DONE]."""
        script, usage = response.script, {"usage": _usage(response)}
        events = _tool_chunks(response) if response.tool else []
        events += [_chunk(response, {}, _finish_reason(response), **(usage if script.usage == "always" else {}))]
        if (response.body.get("stream_options") or {}).get("include_usage") and script.usage == "":
            events.append(_event({**_envelope(response, "chat.completion.chunk"), "choices": [], **usage}))
        return events if script.end == "finish" else [*events, b"data: [DONE]\n\n"]

    def error(self, kind: str, message: str) -> dict[str, Any]:
        """Build the body of an error."""
        return {"error": {"message": message, "type": kind, "param": None, "code": None}}

    def error_event(self, kind: str, message: str) -> bytes:
        """Build an error in the middle of a stream."""
        return _event(self.error(kind, message))


def _envelope(response: ScriptedResponse, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{response.id}",
        "object": kind,
        "created": 1_700_000_000,
        "model": response.body["model"],
        "system_fingerprint": "fp_stub",
    }


def _chunk(response: ScriptedResponse, delta: dict[str, Any], finish_reason: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return _event({**_envelope(response, "chat.completion.chunk"), "choices": [choice], **more})


def _tool_chunks(response: ScriptedResponse) -> list[bytes]:
    """Build the chunk that names the call, and those of its arguments."""
    begun: dict[str, Any] = {
        "id": f"call_{response.id}",
        "type": "function",
        "function": {"name": response.script.tool, "arguments": ""},
    }
    deltas = [begun, *({"function": {"arguments": piece}} for piece in response.argument_pieces)]
    return [_chunk(response, {"tool_calls": [{"index": 0, **delta}]}) for delta in deltas]


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + dump(data) + b"\n\n"


def _content(response: ScriptedResponse, text: str) -> Any:
    kinds = {"null": None, "parts": [{"type": "text", "text": text}]}
    return kinds.get(response.script.content, text)


def _finish_reason(response: ScriptedResponse) -> str:
    return response.script.finish or ("tool_calls" if response.tool else "stop")


def _usage(response: ScriptedResponse) -> dict[str, int]:
    prompt, completion = response.prompt_tokens, response.completion_tokens
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
