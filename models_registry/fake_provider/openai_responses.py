"""OpenAI's responses, as documented at platform.openai.com/docs/api-reference/responses."""

from typing import Any

from models_registry.fake_provider.formats import ScriptedResponse, dump
from models_registry.fake_provider.openai import OpenAIFormat

Event = tuple[str, dict[str, Any]]  # its type, and its data


class ResponsesFormat:
    """`response` objects and their typed events, without an end mark."""

    garbage_event = OpenAIFormat.garbage_event
    strange_event = OpenAIFormat.strange_event

    def whole(self, response: ScriptedResponse) -> dict[str, Any]:
        """Build a `response`."""
        return _response(response, _status(response), _output(response))

    def opening(self, response: ScriptedResponse) -> list[bytes]:
        """Build the events before the text, those of what is thought among them."""
        begun = _response(response, "in_progress", [])
        events: list[Event] = [(f"response.{name}", {"response": begun}) for name in ("created", "in_progress")]
        if response.script.think:
            events += _thought(response)
        if response.pieces:
            place = {"output_index": _text_place(response), "item_id": f"msg_{response.id}", "content_index": 0}
            item = {**_message(response), "status": "in_progress", "content": []}
            events.append(("response.output_item.added", {"output_index": place["output_index"], "item": item}))
            events.append(("response.content_part.added", {**place, "part": _text("")}))
        return [_event(each) for each in events]

    def piece(self, response: ScriptedResponse, text: str) -> bytes:
        """Build a delta."""
        place = {"output_index": _text_place(response), "item_id": f"msg_{response.id}", "content_index": 0}
        return _event(("response.output_text.delta", {**place, "delta": text, "logprobs": []}))

    def closing(self, response: ScriptedResponse) -> list[bytes]:
        """Build the events after the text: its end, the tool call, and the whole response."""
        events: list[Event] = []
        output = _output(response)
        if response.pieces:
            index, message = _text_place(response), _message(response)
            place = {"output_index": index, "item_id": message["id"], "content_index": 0}
            text = message["content"][0]
            events.append(("response.output_text.done", {**place, "text": text["text"], "logprobs": []}))
            events.append(("response.content_part.done", {**place, "part": text}))
            events.append(("response.output_item.done", {"output_index": index, "item": message}))
        if response.tool:
            events += _called(response, len(output) - 1)
        if response.script.end != "finish":
            status = _status(response)
            events.append((f"response.{status}", {"response": _response(response, status, output)}))
        return [_event(each) for each in events]

    def error(self, kind: str, message: str) -> dict[str, Any]:
        """Build the body of an error."""
        return OpenAIFormat().error(kind, message)

    def error_event(self, kind: str, message: str) -> bytes:
        """Build an error in the middle of a stream."""
        return _event(("error", {"code": kind, "message": message, "param": None}))


def messages_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Read the items of an input the way the messages of a chat are."""
    given = body["input"]
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    return [
        {"role": "tool", "content": item["output"]} if item.get("type") == "function_call_output" else item
        for item in given
    ]


def _response(response: ScriptedResponse, status: str, output: list[dict[str, Any]]) -> dict[str, Any]:
    over, body = status != "in_progress", response.body
    usage = over and response.script.usage != "0"
    return {
        "id": f"resp_{response.id}",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
        "instructions": body.get("instructions"),
        "model": body["model"],
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": body.get("previous_response_id"),
        "reasoning": {"effort": None, "summary": None},
        "store": body.get("store", True),
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "usage": _usage(response) if usage else None,
    }


def _status(response: ScriptedResponse) -> str:
    return "incomplete" if response.script.finish == "length" else "completed"


def _output(response: ScriptedResponse) -> list[dict[str, Any]]:
    thought = [_reasoning(response)] if response.script.think else []
    text = [_message(response)] if response.pieces else []
    return [*thought, *text, *([_call(response)] if response.tool else [])]


def _text_place(response: ScriptedResponse) -> int:
    return 1 if response.script.think else 0


def _message(response: ScriptedResponse) -> dict[str, Any]:
    content = [_text("".join(response.pieces))]
    return {
        "id": f"msg_{response.id}",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": content,
    }


def _text(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _reasoning(response: ScriptedResponse) -> dict[str, Any]:
    summary = [{"type": "summary_text", "text": response.script.think}]
    return {"id": f"rs_{response.id}", "type": "reasoning", "summary": summary}


def _thought(response: ScriptedResponse) -> list[Event]:
    item = _reasoning(response)
    place = {"output_index": 0, "item_id": item["id"], "summary_index": 0}
    text = response.script.think
    return [
        ("response.output_item.added", {"output_index": 0, "item": {**item, "summary": []}}),
        ("response.reasoning_summary_part.added", {**place, "part": {"type": "summary_text", "text": ""}}),
        ("response.reasoning_summary_text.delta", {**place, "delta": text}),
        ("response.reasoning_summary_text.done", {**place, "text": text}),
        ("response.reasoning_summary_part.done", {**place, "part": item["summary"][0]}),
        ("response.output_item.done", {"output_index": 0, "item": item}),
    ]


def _call(response: ScriptedResponse) -> dict[str, Any]:
    named = {"call_id": f"call_{response.id}", "name": response.script.tool, "arguments": response.script.arguments}
    return {"id": f"fc_{response.id}", "type": "function_call", "status": "completed", **named}


def _called(response: ScriptedResponse, index: int) -> list[Event]:
    item = _call(response)
    place = {"output_index": index, "item_id": item["id"]}
    begun = {**item, "status": "in_progress", "arguments": ""}
    done = {**place, "arguments": item["arguments"], "name": item["name"]}
    return [
        ("response.output_item.added", {"output_index": index, "item": begun}),
        *(("response.function_call_arguments.delta", {**place, "delta": piece}) for piece in response.argument_pieces),
        ("response.function_call_arguments.done", done),
        ("response.output_item.done", {"output_index": index, "item": item}),
    ]


def _event(event: Event) -> bytes:
    kind, data = event
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), dump({"type": kind, "sequence_number": 0, **data}))


def _usage(response: ScriptedResponse) -> dict[str, Any]:
    sent, written = response.prompt_tokens, response.completion_tokens
    return {
        "input_tokens": sent,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": sent + written,
    }
