"""Reads OpenAI's responses (platform.openai.com/docs/api-reference/responses/create) into prompts."""

from collections.abc import Sequence
from typing import Any, Literal

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
    *("model", "input", "instructions", "stream", "stream_options", "store", "max_output_tokens", "temperature"),
    *("top_p", "tools", "tool_choice", "parallel_tool_calls", "text", "reasoning", "include", "previous_response_id"),
    *("user", "safety_identifier"),
    # Hints that change no answer; what a program says of itself is one of them.
    *("prompt_cache_key", "prompt_cache_retention", "prompt_cache_options", "client_metadata"),
)
# What asks for nothing beyond the ordinary.
NEUTRAL: dict[str, Sequence[Any]] = {
    "background": [False],
    "metadata": [{}],
    "service_tier": ["auto", "default"],
    "top_logprobs": [0],
    "truncation": ["disabled"],
}
# What would be asked of a provider out of sight: neither kept, nor counted, nor held by a budget.
UNSEEN = {
    "background": "background cannot be asked for; ask for a stream.",
    "conversation": "conversation names what is kept at OpenAI; previous_response_id or X-Conversation-Id go on with "
    "what is kept here.",
    "prompt": "prompt names a template that is kept at OpenAI; send its text.",
}
NAMES = {
    "max_tokens": "max_output_tokens",
    "response_format": "text.format",
    "reasoning_effort": "reasoning.effort",
}
ENCRYPTED = "reasoning.encrypted_content"
SIGNED = "signed:"  # begins what is written as `encrypted_content`: a vendor's proof that reasoning is its own
Role = Literal["user", "assistant"]
FIELDS = {
    "message": ("type", "id", "status", "role", "content", "phase"),
    "function_call": ("type", "id", "status", "call_id", "name", "arguments"),
    "function_call_output": ("type", "id", "status", "call_id", "output"),
    "reasoning": ("type", "id", "status", "summary", "content", "encrypted_content"),
}
TOOL_FIELDS = ("type", "name", "description", "parameters", "strict")


def read(body: Any) -> ClientRequest:
    """Read a request. Raises BadRequest for one that no provider of any protocol would understand."""
    fields = Fields(body)
    for name, problem in UNSEEN.items():
        if fields.value.get(name):
            raise BadRequest(name, problem, "unsupported_parameter")
    untranslatable = unknown_fields(fields, KNOWN, NEUTRAL)
    _output_options(fields, untranslatable)
    systems, turns = _input(fields, untranslatable)
    reasoning = fields.object("reasoning") or Fields({}, "reasoning")
    untranslatable |= unknown_fields(reasoning, ("effort",), {"summary": ["auto"], "generate_summary": ["auto"]})
    prompt = Prompt(
        messages=turns,
        system=BLANK_LINE.join(systems) if systems else None,
        temperature=fields.number("temperature"),
        top_p=fields.number("top_p"),
        max_tokens=fields.whole("max_output_tokens"),
        reasoning_effort=effort_of(reasoning, "effort", untranslatable),
        tools=[_tool(tool, untranslatable) for tool in fields.objects("tools")],
        tool_choice=_tool_choice(fields, untranslatable),
        parallel_tool_calls=fields.flag("parallel_tool_calls"),
        response_format=_response_format(fields, untranslatable),
        user=fields.text("safety_identifier") or fields.text("user"),
        exact=True,
    )
    return ClientRequest(
        protocol="responses",
        model=fields.needed("model"),
        prompt=prompt,
        body=body,
        stream=bool(fields.flag("stream")),
        store=fields.flag("store") is not False,
        untranslatable=untranslatable,
        names=NAMES,
        previous=fields.text("previous_response_id"),
    )


def _output_options(fields: Fields, untranslatable: dict[str, str]) -> None:
    """Note what an answer should hold that no other provider gives."""
    for number, wanted in enumerate(fields.items("include")):
        if wanted != ENCRYPTED:
            place = f"include.{number}"
            untranslatable[place] = f"{place}: {str(wanted)[:50]} cannot be had from this model's provider."
    options = fields.object("stream_options")
    if options is not None:
        untranslatable |= unknown_fields(options, (), {"include_obfuscation": [False]})


def _input(fields: Fields, untranslatable: dict[str, str]) -> tuple[list[str], list[Turn]]:
    """Read system prompts, wherever they stand, and turns."""
    given = fields.get("input", (str, list), "a string or a list of items")
    instructions = fields.text("instructions")
    systems = [instructions] if instructions else []
    if isinstance(given, str):
        turns = [Turn("user", given)] if given else []
    else:
        turns = []
        for item in fields.objects("input"):
            system, turn = _item(item, untranslatable)
            systems += [system] if system else []
            turns += [turn] if turn else []
    turns = merged(turns)
    if not any(turn.role == "user" for turn in turns):
        raise no_messages("input")
    return systems, turns


def _item(item: Fields, untranslatable: dict[str, str]) -> tuple[str, Turn | None]:
    """Read an item: a system prompt, or a turn, or nothing of either."""
    kind = item.text("type") or ("message" if "role" in item.value else "item_reference")
    if kind not in FIELDS:
        untranslatable[item.at("type")] = f"{item.at('type')}: an item of type {kind[:50]} cannot be translated."
        role: Role = "user" if kind.endswith("_output") else "assistant"
        return "", turn_of(role, [{"type": "other", "kind": kind[:50]}])
    untranslatable |= unknown_fields(item, FIELDS[kind], {"namespace": [""], "async": [False]})
    if kind == "function_call":
        texts = {"name": item.needed("name"), "arguments": item.text("arguments") or "{}"}
        return "", turn_of("assistant", [{"type": "tool_call", "id": _call_id(item, untranslatable), **texts}])
    if kind == "function_call_output":
        return "", turn_of("user", [_result(item, untranslatable)])
    if kind == "reasoning":
        return "", turn_of("assistant", [_reasoning(item)])
    role_name = item.needed("role")
    parts = _content(item, "content", untranslatable)
    if role_name in ("system", "developer"):
        return "\n".join(part["text"] for part in parts if "text" in part), None
    if role_name not in ("user", "assistant"):
        raise BadRequest(item.at("role"), f"{item.at('role')} is no role: {role_name[:50]}.")
    return "", turn_of("user" if role_name == "user" else "assistant", parts)


def _content(item: Fields, name: str, untranslatable: dict[str, str]) -> list[Part]:
    content = item.value.get(name)
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return [_part(part, untranslatable) for part in item.objects(name)]


def _part(part: Fields, untranslatable: dict[str, str]) -> Part:
    kind = part.needed("type")
    if kind in ("input_text", "output_text", "text"):
        return {"type": "text", "text": part.needed("text")}
    if kind == "refusal":
        return {"type": "text", "text": part.needed("refusal")}
    if kind == "input_image" and part.text("file_id") is None:
        return image_part(part, "image_url", untranslatable)
    if kind == "input_file":
        return file_part(part, untranslatable)
    place = part.at("file_id" if kind == "input_image" else "type")
    untranslatable[place] = f"{place}: this part of type {kind[:50]} cannot be translated."
    return {"type": "other", "kind": kind[:50]}


def _result(item: Fields, untranslatable: dict[str, str]) -> Part:
    parts = _content(item, "output", untranslatable)
    is_text = all(part["type"] == "text" for part in parts)
    if not is_text:
        untranslatable[item.at("output")] = f"{item.at('output')} must be text for this model's provider."
    content: Any = "\n".join(part["text"] for part in parts) if is_text else parts
    return {"type": "tool_result", "id": _call_id(item, untranslatable), "content": content, "is_error": False}


def _call_id(item: Fields, untranslatable: dict[str, str]) -> str:
    """Read which call an item is, or answers."""
    found = item.text("call_id")
    if not found:
        untranslatable[item.at("call_id")] = f"{item.at('call_id')} is needed by this model's provider."
    return found or ""


def _reasoning(item: Fields) -> Part:
    """Read what a model thought; the proof is for its vendor, and that of OpenAI is for nobody else."""
    texts = [part.text("text") or "" for name in ("summary", "content") for part in item.objects(name)]
    proof = item.text("encrypted_content") or ""
    signature = proof.removeprefix(SIGNED) if proof.startswith(SIGNED) else ""
    return {"type": "reasoning", "text": BLANK_LINE.join(texts), "signature": signature}


def _tool(tool: Fields, untranslatable: dict[str, str]) -> Tool:
    kind = tool.text("type")
    if kind != "function":
        untranslatable[tool.at("type")] = f"{tool.at('type')}: only functions can be translated."
        return Tool(tool.text("name") or kind or "?")
    untranslatable |= unknown_fields(tool, TOOL_FIELDS, {"async": [False], "defer_loading": [False]})
    parameters = tool.object("parameters")
    return Tool(
        name=tool.needed("name"),
        description=tool.text("description") or "",
        parameters=None if parameters is None else parameters.value,
        strict=tool.flag("strict"),
    )


def _tool_choice(fields: Fields, untranslatable: dict[str, str]) -> ToolChoice | None:
    choice = fields.get("tool_choice", (str, dict), "a string or an object")
    if choice in ("auto", "none", "required"):
        return ToolChoice(choice)
    if isinstance(choice, dict) and choice.get("type") == "function" and isinstance(choice.get("name"), str):
        return ToolChoice("tool", choice["name"])
    if choice is not None:
        untranslatable["tool_choice"] = "tool_choice must be auto, none, required, or name one function."
    return None


def _response_format(fields: Fields, untranslatable: dict[str, str]) -> ResponseFormat | None:
    text = fields.object("text")
    if text is None:
        return None
    untranslatable |= unknown_fields(text, ("format",), {"verbosity": ["medium"]})
    wanted = text.object("format")
    kind = "text" if wanted is None else wanted.text("type")
    if wanted is None or kind == "text":
        return None
    if kind == "json_object":
        return ResponseFormat()
    schema = wanted.object("schema")
    if kind != "json_schema" or schema is None:
        untranslatable["text.format"] = "text.format must be text, json_object or json_schema."
        return None
    texts = (wanted.text("name") or "answer", wanted.text("description") or "")
    return ResponseFormat(schema.value, *texts, wanted.flag("strict"))
