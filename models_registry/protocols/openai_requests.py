"""Reads OpenAI's chat completions (platform.openai.com/docs/api-reference/chat/create) into prompts."""

from collections.abc import Sequence
from typing import Any

from models_registry.protocols.requests import (
    BLANK_LINE,
    BadRequest,
    ClientRequest,
    Fields,
    effort_of,
    file_part,
    image_part,
    merged,
    no_messages,
    turn_of,
    unknown_fields,
)
from models_registry.providers.base import Part, Prompt, ResponseFormat, Tool, ToolChoice, Turn

KNOWN = (
    *("model", "messages", "stream", "stream_options", "store", "max_tokens", "max_completion_tokens", "temperature"),
    *("top_p", "stop", "seed", "tools", "tool_choice", "parallel_tool_calls", "response_format", "reasoning_effort"),
    *("user", "safety_identifier"),
    *("prompt_cache_key", "prompt_cache_retention"),  # they say where OpenAI looks for what it caches by itself
)
# What asks for nothing beyond the ordinary.
NEUTRAL: dict[str, Sequence[Any]] = {
    "n": [1],
    "logprobs": [False],
    "top_logprobs": [0],
    "presence_penalty": [0],
    "frequency_penalty": [0],
    "logit_bias": [{}],
    "metadata": [{}],
    "modalities": [["text"]],
    "service_tier": ["auto", "default"],
    "verbosity": ["medium"],
}
MESSAGE_FIELDS = {
    "user": ("role", "content"),
    "assistant": ("role", "content", "tool_calls", "refusal", "reasoning_content", "reasoning", "annotations"),
    "tool": ("role", "content", "tool_call_id"),
}


def read(body: Any) -> ClientRequest:
    """Read a request. Raises BadRequest for one that no provider of any protocol would understand."""
    fields = Fields(body)
    untranslatable = unknown_fields(fields, KNOWN, NEUTRAL)
    systems, turns = _messages(fields, untranslatable)
    options = fields.object("stream_options")
    limit = fields.whole("max_completion_tokens")
    prompt = Prompt(
        messages=turns,
        system=BLANK_LINE.join(systems) if systems else None,
        temperature=fields.number("temperature"),
        top_p=fields.number("top_p"),
        stop=_stop(fields),
        seed=fields.whole("seed"),
        max_tokens=fields.whole("max_tokens") if limit is None else limit,
        reasoning_effort=effort_of(fields, "reasoning_effort", untranslatable),
        tools=[_tool(tool, untranslatable) for tool in fields.objects("tools")],
        tool_choice=_tool_choice(fields, untranslatable),
        parallel_tool_calls=fields.flag("parallel_tool_calls"),
        response_format=_response_format(fields, untranslatable),
        user=fields.text("safety_identifier") or fields.text("user"),
        exact=True,
    )
    return ClientRequest(
        protocol="openai",
        model=fields.needed("model"),
        prompt=prompt,
        body=body,
        stream=bool(fields.flag("stream")),
        include_usage=bool(options and options.flag("include_usage")),
        store=fields.flag("store") is not False,
        untranslatable=untranslatable,
    )


def _messages(fields: Fields, untranslatable: dict[str, str]) -> tuple[list[str], list[Turn]]:
    """Read system prompts, wherever they stand, and turns."""
    systems: list[str] = []
    turns: list[Turn] = []
    for message in fields.objects("messages"):
        role = message.needed("role")
        if role in ("system", "developer"):
            systems.append("\n".join(part["text"] for part in _content(message, untranslatable) if "text" in part))
            continue
        untranslatable |= unknown_fields(message, MESSAGE_FIELDS.get(role, ("role",)), {})
        if role == "user":
            turns.append(turn_of("user", _content(message, untranslatable)))
        elif role == "assistant":
            turns.append(turn_of("assistant", _answer(message, untranslatable)))
        elif role in ("tool", "function"):
            turns.append(turn_of("user", [_result(message, untranslatable)]))
        else:
            raise BadRequest(message.at("role"), f"{message.at('role')} is no role: {role[:50]}.")
    turns = merged(turns)
    if not any(turn.role == "user" for turn in turns):
        raise no_messages()
    return systems, turns


def _content(message: Fields, untranslatable: dict[str, str]) -> list[Part]:
    content = message.value.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return [_part(part, untranslatable) for part in message.objects("content")]


def _part(part: Fields, untranslatable: dict[str, str]) -> Part:
    kind = part.needed("type")
    if kind in ("text", "refusal"):
        return {"type": "text", "text": part.needed(kind)}
    if kind == "image_url":
        return image_part(part.object("image_url") or Fields({}, part.at("image_url")), "url", untranslatable)
    if kind == "file":
        return file_part(part.object("file") or Fields({}, part.at("file")), untranslatable)
    untranslatable[part.at("type")] = f"{part.at('type')}: a part of type {kind[:50]} cannot be translated."
    return {"type": "other", "kind": kind[:50]}


def _answer(message: Fields, untranslatable: dict[str, str]) -> list[Part]:
    """Read what a model said and which tools it called."""
    parts = _content(message, untranslatable)
    refusal = message.text("refusal")
    if refusal:
        parts.append({"type": "text", "text": refusal})
    for call in message.objects("tool_calls"):
        function = call.object("function")
        if function is None:
            untranslatable[call.place] = f"{call.place}: only calls of functions can be translated."
            continue
        texts = {"name": function.needed("name"), "arguments": function.text("arguments") or "{}"}
        parts.append({"type": "tool_call", "id": call.text("id") or "", **texts})
    return parts


def _result(message: Fields, untranslatable: dict[str, str]) -> Part:
    parts = _content(message, untranslatable)
    texts = "\n".join(part["text"] for part in parts if part["type"] == "text")
    is_text = all(part["type"] == "text" for part in parts)
    return {
        "type": "tool_result",
        "id": message.text("tool_call_id") or message.text("name") or "",
        "content": texts if is_text else parts,
        "is_error": False,
    }


def _stop(fields: Fields) -> Sequence[str]:
    stop = fields.get("stop", (str, list), "a string or a list of strings")
    stops = [stop] if isinstance(stop, str) else stop or []
    if not all(isinstance(each, str) for each in stops):
        raise BadRequest("stop", "stop must be a string or a list of strings.")
    return stops


def _tool(tool: Fields, untranslatable: dict[str, str]) -> Tool:
    function = tool.object("function")
    if function is None:
        untranslatable[tool.at("type")] = f"{tool.at('type')}: only functions can be translated."
        return Tool(tool.text("name") or tool.text("type") or "?")
    parameters = function.object("parameters")
    return Tool(
        name=function.needed("name"),
        description=function.text("description") or "",
        parameters=None if parameters is None else parameters.value,
        strict=function.flag("strict"),
    )


def _tool_choice(fields: Fields, untranslatable: dict[str, str]) -> ToolChoice | None:
    choice = fields.get("tool_choice", (str, dict), "a string or an object")
    if choice in ("auto", "none", "required"):
        return ToolChoice(choice)
    function = choice.get("function") if isinstance(choice, dict) else None
    if isinstance(function, dict) and isinstance(function.get("name"), str):
        return ToolChoice("tool", function["name"])
    if choice is not None:
        untranslatable["tool_choice"] = "tool_choice must be auto, none, required, or name one function."
    return None


def _response_format(fields: Fields, untranslatable: dict[str, str]) -> ResponseFormat | None:
    wanted = fields.object("response_format")
    kind = "text" if wanted is None else wanted.text("type")
    if wanted is None or kind == "text":
        return None
    if kind == "json_object":
        return ResponseFormat()
    schema = wanted.object("json_schema")
    if kind != "json_schema" or schema is None:
        untranslatable["response_format"] = "response_format must be text, json_object or json_schema."
        return None
    inner = schema.object("schema") or Fields({})
    return ResponseFormat(
        inner.value, schema.text("name") or "answer", schema.text("description") or "", schema.flag("strict")
    )
