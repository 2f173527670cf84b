"""Writes turns the way OpenAI's responses take them (platform.openai.com/docs/api-reference/responses/create)."""

from collections.abc import Iterable, Iterator
from typing import Any

from models_registry.providers.asking.openai_bodies import result_text
from models_registry.providers.base import Part, Turn


def items(turns: Iterable[Turn]) -> list[dict[str, Any]]:
    """Write turns as items of an input; what a model thought is not taken back."""
    return [item for turn in turns for item in _items(turn)]


def _items(turn: Turn) -> Iterator[dict[str, Any]]:
    """Write a turn: calls of tools and what they answered are items of their own, between the texts."""
    if turn.parts is None:
        yield {"role": turn.role, "content": turn.content}
        return
    content: list[dict[str, Any]] = []
    for part in turn.parts:
        kind = part["type"]
        if kind in ("tool_call", "tool_result"):
            if content:
                yield {"role": turn.role, "content": content}
                content = []
            yield _tool(part)
        elif kind != "reasoning":
            content.append(_content(turn.role, part))
    if content:
        yield {"role": turn.role, "content": content}


def _tool(part: Part) -> dict[str, Any]:
    if part["type"] == "tool_result":
        return {"type": "function_call_output", "call_id": part["id"], "output": result_text(part)}
    called = {"call_id": part["id"], "name": part["name"], "arguments": part["arguments"] or "{}"}
    return {"type": "function_call", **called}


def _content(role: str, part: Part) -> dict[str, Any]:
    kind = part["type"]
    if kind == "text":
        return {"type": "output_text" if role == "assistant" else "input_text", "text": part["text"]}
    data = part.get("url") or f"data:{part['media_type']};base64,{part['data']}"
    if kind == "image":
        return {"type": "input_image", "image_url": data, "detail": part.get("detail") or "auto"}
    if part.get("url"):
        return {"type": "input_file", "file_url": data}
    return {"type": "input_file", "filename": part.get("name") or "document.pdf", "file_data": data}
