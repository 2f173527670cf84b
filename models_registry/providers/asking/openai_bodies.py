"""Writes prompts the way OpenAI's chat completions take them (platform.openai.com/docs/api-reference/chat/create)."""

from collections.abc import Iterator, Sequence
from typing import Any

from models_registry.providers.base import Part, Prompt, ResponseFormat, Tool, ToolChoice, Turn


def messages(prompt: Prompt) -> list[dict[str, Any]]:
    """Write the system prompt and the turns; what a tool answered is a message of its own."""
    written: list[dict[str, Any]] = [{"role": "system", "content": prompt.system}] if prompt.system else []
    for turn in prompt.messages:
        written += _messages(turn)
    return written


def parameters(prompt: Prompt) -> dict[str, Any]:
    """Write all parameters whose names are the same at all endpoints; what was not asked for is left out."""
    given = {
        "temperature": prompt.temperature,
        "top_p": prompt.top_p,
        "stop": list(prompt.stop) or None,
        "seed": prompt.seed,
        "tools": [_tool(tool) for tool in prompt.tools] or None,
        "tool_choice": prompt.tool_choice and _tool_choice(prompt.tool_choice),
        "parallel_tool_calls": prompt.parallel_tool_calls,
        "response_format": prompt.response_format and _response_format(prompt.response_format),
        "user": prompt.user,
    }
    return {name: value for name, value in given.items() if value is not None}


def _messages(turn: Turn) -> Iterator[dict[str, Any]]:
    if turn.parts is None:
        yield {"role": turn.role, "content": turn.content}
    elif turn.role == "assistant":
        yield _answer(turn, turn.parts)
    else:
        for part in turn.parts:
            if part["type"] == "tool_result":
                yield {"role": "tool", "tool_call_id": part["id"], "content": result_text(part)}
        content = [_content(part) for part in turn.parts if part["type"] != "tool_result"]
        if content:
            is_text = [part["type"] for part in content] == ["text"]
            yield {"role": "user", "content": content[0]["text"] if is_text else content}


def _answer(turn: Turn, parts: Sequence[Part]) -> dict[str, Any]:
    """Write what the model said and which tools it called; what it thought is not taken back."""
    calls = [
        {
            "id": part["id"],
            "type": "function",
            "function": {"name": part["name"], "arguments": part["arguments"] or "{}"},
        }
        for part in parts
        if part["type"] == "tool_call"
    ]
    message: dict[str, Any] = {"role": "assistant", "content": turn.content or (None if calls else "")}
    return {**message, "tool_calls": calls} if calls else message


def result_text(part: Part) -> str:
    """Write what a tool answered as a text; there is no mark for a failure, so that a word says it."""
    content = part["content"]
    text = content if isinstance(content, str) else "\n".join(each.get("text", "") for each in content)
    return f"Error: {text}" if part.get("is_error") else text


def _content(part: Part) -> dict[str, Any]:
    kind = part["type"]
    if kind == "image":
        url = part.get("url") or f"data:{part['media_type']};base64,{part['data']}"
        detail = {"detail": part["detail"]} if part.get("detail") else {}
        return {"type": "image_url", "image_url": {"url": url, **detail}}
    if kind == "document":
        data = f"data:{part['media_type']};base64,{part['data']}"
        return {"type": "file", "file": {"filename": part.get("name") or "document.pdf", "file_data": data}}
    return {"type": "text", "text": part["text"]}


def _tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    if tool.parameters is not None:
        function["parameters"] = tool.parameters
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _tool_choice(choice: ToolChoice) -> Any:
    return {"type": "function", "function": {"name": choice.name}} if choice.mode == "tool" else choice.mode


def _response_format(wanted: ResponseFormat) -> dict[str, Any]:
    if wanted.schema is None:
        return {"type": "json_object"}
    schema: dict[str, Any] = {"name": wanted.name, "schema": wanted.schema}
    if wanted.description:
        schema["description"] = wanted.description
    if wanted.strict is not None:
        schema["strict"] = wanted.strict
    return {"type": "json_schema", "json_schema": schema}
