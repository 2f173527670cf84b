"""Reads Anthropic's messages (docs.anthropic.com/en/api/messages) into prompts."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from models_registry.protocols.requests import (
    BLANK_LINE,
    PDF,
    BadRequest,
    ClientRequest,
    Fields,
    checked_base64,
    merged,
    no_messages,
    turn_of,
    unknown_fields,
)
from models_registry.providers.base import Effort, Part, Prompt, ResponseFormat, Tool, ToolChoice, Turn

KNOWN = (
    *("model", "messages", "system", "max_tokens", "stream", "store", "temperature", "top_p", "stop_sequences"),
    *("tools", "tool_choice", "metadata", "thinking", "output_config"),
    "cache_control",  # it says what to cache, which others do by themselves
)
NEUTRAL: dict[str, Sequence[Any]] = {"service_tier": ["auto", "standard_only"], "speed": ["standard"]}
NAMES = {
    "stop": "stop_sequences",
    "user": "metadata.user_id",
    "response_format": "output_config.format",
    "reasoning_effort": "thinking",
    "parallel_tool_calls": "tool_choice.disable_parallel_tool_use",
}
MODES: dict[str, ToolChoice] = {"auto": ToolChoice("auto"), "any": ToolChoice("required"), "none": ToolChoice("none")}
EFFORTS: dict[str, Effort] = {"low": "low", "medium": "medium", "high": "high"}
# The largest budgets of thinking, in tokens, that are still a low and a medium effort: between those that Google
# documents for its efforts (ai.google.dev/gemini-api/docs/openai).
LOW, MEDIUM = 4_096, 16_384


def read(body: Any, headers: Mapping[str, str], *, counting: bool = False) -> ClientRequest:
    """Read a request; one that only asks to count has no limit of tokens. Raises BadRequest."""
    fields = Fields(body)
    untranslatable = unknown_fields(fields, KNOWN, NEUTRAL)
    model = fields.needed("model")
    limit = fields.whole("max_tokens")
    if limit is None and not counting:
        raise BadRequest("max_tokens", "max_tokens: Field required", "missing_required_parameter")
    choice, one_at_once = _tool_choice(fields, untranslatable)
    metadata = fields.object("metadata")
    systems, turns = _messages(fields, untranslatable)
    prompt = Prompt(
        messages=turns,
        system=BLANK_LINE.join(systems) if systems else None,
        temperature=fields.number("temperature"),
        top_p=fields.number("top_p"),
        stop=[str(each) for each in fields.items("stop_sequences")],
        max_tokens=limit,
        reasoning_effort=_effort(fields, untranslatable),
        tools=[_tool(tool, untranslatable) for tool in fields.objects("tools")],
        tool_choice=choice,
        parallel_tool_calls=False if one_at_once else None,
        response_format=_response_format(fields, untranslatable),
        user=None if metadata is None else metadata.text("user_id"),
        exact=True,
    )
    return ClientRequest(
        protocol="anthropic",
        model=model,
        prompt=prompt,
        body=body,
        headers=headers,
        stream=bool(fields.flag("stream")),
        store=fields.flag("store") is not False,
        untranslatable=untranslatable,
        names=NAMES,
    )


def _messages(fields: Fields, untranslatable: dict[str, str]) -> tuple[list[str], list[Turn]]:
    """Read system prompts and turns. Raises BadRequest."""
    system = fields.value.get("system")
    systems = [system] if isinstance(system, str) else [block.needed("text") for block in fields.objects("system")]
    turns: list[Turn] = []
    for message in fields.objects("messages"):
        role = message.needed("role")
        parts = _content(message, untranslatable)
        if role == "system":
            systems.append("\n".join(part["text"] for part in parts if "text" in part))
        elif role in ("user", "assistant"):
            turns.append(turn_of("user" if role == "user" else "assistant", parts))
        else:
            raise BadRequest(message.at("role"), f"{message.at('role')} is no role: {role[:50]}.")
    turns = merged(turns)
    if not any(turn.role == "user" for turn in turns):
        raise no_messages()
    if turns[-1].role == "assistant":
        place = f"messages.{len(fields.items('messages')) - 1}"
        untranslatable[place] = f"{place}: the beginning of an answer cannot be given to this model's provider."
    return [each for each in systems if each], turns


def _content(message: Fields, untranslatable: dict[str, str], name: str = "content") -> list[Part]:
    content = message.value.get(name)
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return [_part(block, untranslatable) for block in message.objects(name)]


def _part(block: Fields, untranslatable: dict[str, str]) -> Part:
    kind = block.needed("type")
    if kind == "text":
        return {"type": "text", "text": block.needed("text")}
    if kind in ("image", "document"):
        return _media(kind, block, untranslatable)
    if kind == "tool_use":
        given = block.object("input") or Fields({})
        texts = {"id": block.text("id") or "", "name": block.needed("name")}
        return {"type": "tool_call", **texts, "arguments": json.dumps(given.value)}
    if kind == "tool_result":
        return _result(block, untranslatable)
    if kind == "thinking":
        signature = block.text("signature") or ""
        return {"type": "reasoning", "text": block.text("thinking") or "", "signature": signature}
    if kind == "redacted_thinking":
        return {"type": "reasoning", "text": "", "signature": ""}
    untranslatable[block.at("type")] = f"{block.at('type')}: a block of type {kind[:50]} cannot be translated."
    return {"type": "other", "kind": kind[:50]}


def _media(kind: str, block: Fields, untranslatable: dict[str, str]) -> Part:
    source = block.object("source") or Fields({}, block.at("source"))
    name = {"name": block.text("title")} if kind == "document" and block.text("title") else {}
    citations = block.object("citations")
    if citations is not None and citations.flag("enabled"):
        untranslatable[citations.place] = f"{citations.place} cannot be translated for this model's provider."
    source_kind = source.text("type")
    if source_kind == "url":
        if kind == "document":
            untranslatable[source.at("url")] = f"{source.at('url')}: send the PDF itself to this model's provider."
        return {"type": kind, "url": source.needed("url"), **name}
    if source_kind == "text":
        return {"type": "text", "text": source.needed("data")}
    if source_kind != "base64":
        untranslatable[source.at("type")] = f"{source.at('type')} must be base64, url or text."
        return {"type": "other", "kind": kind}
    media_type = source.needed("media_type")
    if kind == "document" and media_type != PDF:
        untranslatable[source.at("media_type")] = f"{source.at('media_type')} must be {PDF}."
    data = checked_base64(source.needed("data"), source.at("data"), untranslatable)
    return {"type": kind, "media_type": media_type, "data": data, **name}


def _result(block: Fields, untranslatable: dict[str, str]) -> Part:
    parts = _content(block, untranslatable)
    others = [part for part in parts if part["type"] != "text"]
    if others:
        untranslatable[block.at("content")] = f"{block.at('content')} must be text for this model's provider."
    content: Any = parts if others else "\n".join(part["text"] for part in parts)
    is_error = bool(block.flag("is_error"))
    return {"type": "tool_result", "id": block.needed("tool_use_id"), "content": content, "is_error": is_error}


def _tool(tool: Fields, untranslatable: dict[str, str]) -> Tool:
    kind = tool.text("type")
    if kind not in (None, "custom"):
        untranslatable[tool.at("type")] = f"{tool.at('type')}: {kind} runs at Anthropic only."
    parameters = tool.object("input_schema")
    return Tool(
        name=tool.text("name") or kind or "?",
        description=tool.text("description") or "",
        parameters=None if parameters is None else parameters.value,
        strict=tool.flag("strict"),
    )


def _tool_choice(fields: Fields, untranslatable: dict[str, str]) -> tuple[ToolChoice | None, bool]:
    """Read whether tools must be used, and whether one at a time."""
    choice = fields.object("tool_choice")
    if choice is None:
        return None, False
    kind, one_at_once = choice.text("type"), bool(choice.flag("disable_parallel_tool_use"))
    if kind == "tool":
        return ToolChoice("tool", choice.needed("name")), one_at_once
    if kind not in MODES:
        untranslatable["tool_choice.type"] = "tool_choice.type must be auto, any, tool or none."
    return MODES.get(str(kind)), one_at_once


def _effort(fields: Fields, untranslatable: dict[str, str]) -> Effort | None:
    """Read how long to think: by an effort, or by a budget of tokens."""
    thinking, config = fields.object("thinking"), fields.object("output_config")
    effort = config.text("effort") if config is not None else None
    if effort is not None and effort not in EFFORTS:
        untranslatable["output_config.effort"] = f"output_config.effort must be one of {', '.join(EFFORTS)}."
    kind = thinking.text("type") if thinking is not None else None
    if thinking is not None and kind == "enabled":
        budget = thinking.whole("budget_tokens") or 0
        return "low" if budget <= LOW else "medium" if budget <= MEDIUM else "high"
    if kind not in (None, "adaptive", "disabled"):
        untranslatable["thinking.type"] = "thinking.type must be enabled, adaptive or disabled."
    return EFFORTS.get(effort or "") if kind != "disabled" else None


def _response_format(fields: Fields, untranslatable: dict[str, str]) -> ResponseFormat | None:
    """Read the schema of an answer, which Anthropic promises to keep, as `strict` does elsewhere."""
    config = fields.object("output_config")
    wanted = config.object("format") if config is not None else None
    if wanted is None:
        return None
    schema = wanted.object("schema")
    if wanted.text("type") != "json_schema" or schema is None:
        untranslatable["output_config.format"] = "output_config.format must be a json_schema."
        return None
    return ResponseFormat(schema.value, strict=True)
