"""The lines of an archive, as `docs/export.schema.json` describes them: nothing that is stored of a row is left out."""

from collections.abc import Iterable, Mapping
from typing import Any

from conversations.models import Comparison, ComparisonResult
from models_registry.api.fields import money

KINDS_OF_TOKENS = (
    *("prompt_tokens", "completion_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens"),
    *("reasoning_tokens", "input_audio_tokens", "output_audio_tokens", "input_image_tokens"),
)
PRICES = ("input_price", "cache_read_price", "cache_write_price", "output_price")
PLAIN_FIGURES = ("estimated", "cost_source", "time", "ttft", "finish_reason", "reasoning")
FIGURES = (*KINDS_OF_TOKENS, *PRICES, *PLAIN_FIGURES, "cost")

CONVERSATION = ("id", "title", "provider", "model", "system", "created_at", "updated_at", "last_message_at", "source")
PLAIN_OF_MESSAGE = (
    "id",
    "conversation_id",
    "role",
    "content",
    "parts",
    "provider",
    "model",
    "status",
    "created_at",
    "selection",
)
MESSAGE = (*PLAIN_OF_MESSAGE, "error", "error_message", "request_id", "dropped_messages", *FIGURES)
COMPARISON = (
    *("id", "prompt", "system", "blind", "revealed", "preferred_index", "both_bad", "voted_at", "analysis"),
    *("created_at", "attachments", "replay_id", "replay_place"),
)
PROMPT_SET = ("id", "name", "prompts", "created_at", "updated_at")
REPLAY = (
    *("id", "source", "candidates", "blind", "plan", "done", "skipped", "budget", "spent", "stopped"),
    *("stopped_message", "created_at"),
)
FILE = ("id", "name", "media_type", "size", "sha256", "created_at")
PLAIN_OF_RESULT = ("index", "provider", "model", "response")


def conversation_line(values: Mapping[str, Any]) -> dict[str, Any]:
    """Write the values of `CONVERSATION`."""
    return {"type": "conversation", **{name: values[name] for name in CONVERSATION}}


def message_line(values: Mapping[str, Any]) -> dict[str, Any]:
    """Write the values of `MESSAGE`."""
    line = {"type": "message", **{name: values[name] for name in PLAIN_OF_MESSAGE}}
    error = _error(values["error"], values["error_message"])
    if error is not None:
        error["request_id"] = values["request_id"]
    return {**line, "error": error, "dropped_messages": values["dropped_messages"], **_figures(values)}


def comparison_line(comparison: Comparison, results: Iterable[ComparisonResult]) -> dict[str, Any]:
    """Write a comparison with its results, also the names of models that it withholds until it is revealed."""
    line = {"type": "comparison", **{name: getattr(comparison, name) for name in COMPARISON}}
    return {**line, "both_bad": bool(comparison.both_bad), "results": [_result(result) for result in results]}


def prompt_set_line(values: Mapping[str, Any]) -> dict[str, Any]:
    """Write the values of `PROMPT_SET`."""
    return {"type": "prompt_set", **{name: values[name] for name in PROMPT_SET}}


def replay_line(values: Mapping[str, Any]) -> dict[str, Any]:
    """Write the values of `REPLAY`."""
    amounts = {name: money(values[name]) for name in ("budget", "spent")}
    return {"type": "replay", **{name: values[name] for name in REPLAY}, **amounts}


def file_line(values: Mapping[str, Any], *, kept: bool) -> dict[str, Any]:
    """Write the values of `FILE`, and whether the content still is there."""
    return {"type": "file", **{name: values[name] for name in FILE}, "kept": kept}


def _result(result: ComparisonResult) -> dict[str, Any]:
    values = {name: getattr(result, name) for name in (*PLAIN_OF_RESULT, *FIGURES)}
    error = _error(result.error, result.error_message)
    return {**{name: values[name] for name in PLAIN_OF_RESULT}, "error": error, **_figures(values)}


def _error(code: str | None, message: str | None) -> dict[str, str | None] | None:
    return {"error": code, "message": message or ""} if code else None


def _figures(values: Mapping[str, Any]) -> dict[str, Any]:
    """Write tokens and prices as objects, null where nothing of them is known, and amounts as decimal strings."""
    tokens = {name: values[name] for name in KINDS_OF_TOKENS}
    prices = {name: money(values[name]) for name in PRICES}
    return {
        "usage": tokens if any(count is not None for count in tokens.values()) else None,
        "cost": money(values["cost"]),
        "prices": prices if any(price is not None for price in prices.values()) else None,
        **{name: values[name] for name in PLAIN_FIGURES},
    }
