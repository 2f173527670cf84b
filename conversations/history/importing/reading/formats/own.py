"""LLMSelect's own exports: a conversation as one JSON object, and the lines of an archive, as docs/export.md says."""

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from conversations.history.importing.reading.formats.turns import named, tool_call, tool_result
from conversations.history.importing.reading.parsed import Broken, ParsedComparison, ParsedConversation, ParsedMessage
from conversations.history.importing.reading.values import identifier, mapping, moment, one_line, sequence, text
from models_registry.calls.costs import CostSource
from models_registry.providers.reading.finish import FinishReasons

NAME = "llmselect"
LOOKS_LIKE = "LLMSelect (`last_message_at`)"
EMPTY = "without content"
KINDS_OF_TOKENS = (
    *("prompt_tokens", "completion_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens"),
    *("reasoning_tokens", "input_audio_tokens", "output_audio_tokens", "input_image_tokens"),
)
PRICES = ("input_price", "cache_read_price", "cache_write_price", "output_price")
MOST_TOKENS = 2**31 - 1
FILES = {"image", "document", "file"}  # types of parts whose contents are not in the export


def recognise(value: Mapping[str, Any]) -> bool:
    """Tell whether an object is a conversation or a comparison of LLMSelect."""
    return value.get("type") == "comparison" or ("last_message_at" in value and isinstance(value.get("messages"), list))


def read(value: Mapping[str, Any]) -> ParsedConversation | ParsedComparison:
    """Read a conversation with its messages, or a comparison. Raises Broken."""
    if value.get("type") == "comparison":
        return _comparison(value)
    found = ParsedConversation(
        identifier(value.get("id"), "id"),
        one_line(value.get("title")),
        one_line(value.get("provider")),
        one_line(value.get("model")),
        moment(value.get("created_at")),
        moment(value.get("updated_at")),
        text(value.get("system")),
    )
    for number, each in enumerate(sequence(value.get("messages"))):
        message = mapping(each)
        if message.get("role") not in ("user", "assistant"):
            found.skip(f"of the role {one_line(message.get('role')) or 'none'}")
            continue
        found.messages.append(_message(message, number))
    return found


def _message(message: Mapping[str, Any], number: int) -> ParsedMessage:
    status = message.get("status")
    error = mapping(message.get("error"))
    figures = _figures(message)
    if error:
        figures |= {
            "error": one_line(error.get("error"))[:50] or "provider_error",
            "error_message": one_line(error.get("message"))[:1000],
            "request_id": one_line(error.get("request_id"))[:64] or None,
        }
    if (dropped := _count(message.get("dropped_messages"))) is not None:
        figures["dropped_messages"] = dropped
    parts = [part for each in sequence(message.get("parts")) if (part := _part(mapping(each))) is not None]
    return ParsedMessage(
        one_line(message.get("id")) or str(number),
        str(message["role"]),
        text(message.get("content")),
        moment(message.get("created_at")),
        one_line(message.get("provider")),
        one_line(message.get("model")),
        parts or None,
        text(message.get("reasoning")) or None,
        str(status) if status in ("complete", "interrupted", "error") else "complete",
        figures,
    )


def _part(part: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read a part with what its type needs; None for one of no known type. Files are named, and refer to nothing."""
    kind = part.get("type")
    if kind in ("text", "reasoning"):
        return {"type": kind, "text": text(part.get("text"))}
    if kind == "tool_call":
        return tool_call(one_line(part.get("name")), text(part.get("arguments")), one_line(part.get("id")))
    if kind == "tool_result":
        content = part.get("content")
        answer = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        return tool_result(text(answer), one_line(part.get("id")), is_error=part.get("is_error") is True)
    if kind in FILES:
        facts = {name: one_line(part.get(name)) for name in ("name", "media_type", "description")}
        return named(str(kind), **facts, text=text(part.get("text")))
    return None


def _figures(value: Mapping[str, Any]) -> dict[str, Any]:
    """Read tokens, cost, prices and times of a message or a result; what is unknown, or no such figure, is left out."""
    usage = {**{name: value.get(name) for name in KINDS_OF_TOKENS[:2]}, **mapping(value.get("usage"))}
    prices = mapping(value.get("prices"))
    found: dict[str, Any] = {name: _count(usage.get(name)) for name in KINDS_OF_TOKENS}
    found |= {name: _amount(prices.get(name), 6) for name in PRICES}
    found["cost"] = _amount(value.get("cost"), 12)
    found |= {name: _seconds(value.get(name)) for name in ("time", "ttft")}
    found["estimated"] = value.get("estimated") is True
    if value.get("cost_source") in CostSource.values:
        found["cost_source"] = value["cost_source"]
    if value.get("finish_reason") in FinishReasons.values:
        found["finish_reason"] = value["finish_reason"]
    return {name: each for name, each in found.items() if each is not None}


def _count(value: Any) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 <= value <= MOST_TOKENS else None


def _seconds(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value < 1e9 else None


def _amount(value: Any, places: int) -> Decimal | None:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return None
    try:
        amount = Decimal(str(value)).quantize(Decimal(1).scaleb(-places))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and 0 <= amount < 10**8 else None


def _comparison(value: Mapping[str, Any]) -> ParsedComparison:
    results = [_result(mapping(each), number) for number, each in enumerate(sequence(value.get("results")))]
    if len({result["index"] for result in results}) < max(2, len(results)):
        raise Broken("It has no two answers at places of their own.")
    voted_at, preferred = moment(value.get("voted_at")), _count(value.get("preferred_index"))
    blind = value.get("blind") is True
    fields = {
        "prompt": text(value.get("prompt")),
        "system": text(value.get("system")),
        "blind": blind,
        "revealed": value.get("revealed") is True or not blind,
        "both_bad": value.get("both_bad") is True or None,
        "preferred_index": preferred if preferred in {result["index"] for result in results} and voted_at else None,
        "voted_at": voted_at,
        "analysis": text(value.get("analysis")),
        "created_at": moment(value.get("created_at")),
    }
    return ParsedComparison(identifier(value.get("id"), "id"), fields, results)


def _result(result: Mapping[str, Any], number: int) -> dict[str, Any]:
    error, index = mapping(result.get("error")), _count(result.get("index"))
    return {
        "index": number if index is None else min(index, 32_767),
        "provider": one_line(result.get("provider"))[:50],
        "model": one_line(result.get("model"))[:200],
        "response": text(result.get("response")),
        "error": one_line(error.get("error"))[:50],
        "error_message": one_line(error.get("message"))[:1000],
        **_figures(result),
        "reasoning": text(result.get("reasoning")) or None,
    }
