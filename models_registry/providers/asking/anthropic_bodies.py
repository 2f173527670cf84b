"""Writes prompts the way Anthropic's messages take them (docs.anthropic.com/en/api/messages)."""

import json
from collections.abc import Iterator
from typing import Any

from models_registry.providers.base import Part, Prompt, Tool, ToolChoice, Turn

MODES = {"auto": "auto", "none": "none", "required": "any", "tool": "tool"}


def problems(prompt: Prompt) -> dict[str, str]:
    """Name the parameters that Anthropic has nothing for, each with what is wrong."""
    found = {}
    if prompt.seed is not None:
        found["seed"] = "Anthropic's models take no seed."
    if prompt.response_format is not None and prompt.response_format.schema is None:
        found["response_format"] = "Anthropic's models take a JSON schema only: response_format of type json_schema."
    if prompt.exact and prompt.temperature is not None and prompt.temperature > 1:
        found["temperature"] = "Anthropic's models take a temperature of at most 1."
    return found


def messages(prompt: Prompt) -> list[dict[str, Any]]:
    """Write the turns."""
    return [{"role": turn.role, "content": _content(turn)} for turn in prompt.messages]


def parameters(prompt: Prompt) -> dict[str, Any]:
    """Write the parameters but for those of thinking; what was not asked for is left out."""
    given: dict[str, Any] = {
        "system": prompt.system or None,
        "temperature": prompt.temperature,
        "top_p": prompt.top_p,
        "stop_sequences": list(prompt.stop) or None,
        "tools": [_tool(tool) for tool in prompt.tools] or None,
        "tool_choice": _tool_choice(prompt),
        "metadata": None if prompt.user is None else {"user_id": prompt.user},
    }
    if prompt.response_format is not None and prompt.response_format.schema is not None:
        given["output_config"] = {"format": {"type": "json_schema", "schema": prompt.response_format.schema}}
    return {name: value for name, value in given.items() if value is not None}


def _content(turn: Turn) -> str | list[dict[str, Any]]:
    """Write a turn: its text, or blocks; what tools answered stands first, as Anthropic wants it."""
    if turn.parts is None:
        return turn.content
    ordered = sorted(turn.parts, key=lambda part: part["type"] != "tool_result") if turn.role == "user" else turn.parts
    return [block for part in ordered for block in _blocks(part)]


def _blocks(part: Part) -> Iterator[dict[str, Any]]:
    kind = part["type"]
    if kind == "text":
        if part["text"]:  # an empty block is refused
            yield {"type": "text", "text": part["text"]}
    elif kind == "tool_call":
        yield {"type": "tool_use", "id": part["id"], "name": part["name"], "input": _input(part["arguments"])}
    elif kind == "tool_result":
        yield _result(part)
    elif kind == "reasoning":
        if part.get("signature"):  # thinking of another vendor is refused
            yield {"type": "thinking", "thinking": part["text"], "signature": part["signature"]}
    elif part.get("url"):
        yield {"type": kind, "source": {"type": "url", "url": part["url"]}}
    else:
        source = {"type": "base64", "media_type": part["media_type"], "data": part["data"]}
        title = {"title": part["name"]} if part.get("name") and kind == "document" else {}
        yield {"type": kind, "source": source, **title}


def _result(part: Part) -> dict[str, Any]:
    content = part["content"]
    if not isinstance(content, str):
        content = [block for each in content for block in _blocks(each)]
    result = {"type": "tool_result", "tool_use_id": part["id"], "content": content}
    return {**result, "is_error": True} if part.get("is_error") else result


def _input(arguments: str) -> Any:
    """Parse the arguments of a call; what a model wrote may be no JSON, and no object."""
    try:
        parsed = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        return {"arguments": arguments}
    return parsed if isinstance(parsed, dict) else {"arguments": parsed}


def _tool(tool: Tool) -> dict[str, Any]:
    written: dict[str, Any] = {"name": tool.name}
    if tool.description:
        written["description"] = tool.description
    written["input_schema"] = tool.parameters or {"type": "object", "properties": {}}
    if tool.strict is not None:
        written["strict"] = tool.strict
    return written


def _tool_choice(prompt: Prompt) -> dict[str, Any] | None:
    """Write whether tools must be used, and whether several may be at once, which is said here too."""
    one_at_once = prompt.parallel_tool_calls is False and bool(prompt.tools)
    choice = prompt.tool_choice or (ToolChoice("auto") if one_at_once else None)
    if choice is None:
        return None
    written: dict[str, Any] = {"type": MODES[choice.mode]}
    if choice.mode == "tool":
        written["name"] = choice.name
    if one_at_once and choice.mode != "none":
        written["disable_parallel_tool_use"] = True
    return written
