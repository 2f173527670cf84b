"""Token counts as providers report them, read from each wire format into one value; estimates where they do not."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

MAX_COUNT = 2_147_483_647  # what PostgreSQL's integer holds
MAX_COST = 1_000_000  # USD; more is no cost of a call

# Chinese, Japanese and Korean characters, and emoji.
_DENSE = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U0001f000-\U0001faff\U00020000-\U0003ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The tokens of one call, None where the provider does not report a kind.

    `input_tokens` are all of the prompt: those read from a cache, those written to one (for 5 minutes, or for an hour,
    which `cache_write_1h_tokens` counts apart), audio and images among them. `output_tokens` hold reasoning and audio;
    they are None where only the prompt was counted.
    `cost` in USD is the provider's own figure.
    """

    input_tokens: int
    output_tokens: int | None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    reasoning_tokens: int | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    input_image_tokens: int | None = None
    cost: Decimal | None = None


class Counts(dict[str, Any]):
    """The usage object of a stream as it grows: a later count replaces an earlier one, unless it is zero or null."""

    def add(self, usage: Any) -> None:
        """Merge the usage object of an event; anything but an object is ignored."""
        if isinstance(usage, Mapping):
            _merge(self, usage)


def _merge(into: dict[str, Any], later: Mapping[str, Any]) -> None:
    for name, value in later.items():
        if isinstance(value, Mapping):
            earlier = into.get(name)
            into[name] = dict(earlier) if isinstance(earlier, Mapping) else {}
            _merge(into[name], value)
        elif value or name not in into:
            into[name] = value


def count(value: Any) -> int | None:
    """Take a count that is one, also written as 12.0, and that a column can hold; None for everything else."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT else None


def openai_usage(usage: Any) -> Usage | None:
    """Read the `usage` of OpenAI's chat completions and of all that resemble them.

    https://platform.openai.com/docs/api-reference/chat/object. Cached tokens stand in `prompt_tokens_details`, at
    DeepSeek in `prompt_cache_hit_tokens`; reasoning may be part of `completion_tokens`, as at OpenAI, or only of
    `total_tokens`, as at xAI and at Gemini. None without a count of the prompt.
    """
    if not isinstance(usage, Mapping):
        return None
    prompt, completion, total = (count(usage.get(f"{kind}_tokens")) for kind in ("prompt", "completion", "total"))
    if prompt is None:
        return None
    output = None if completion is None and total is None else max(completion or 0, (total or 0) - prompt)
    inputs, outputs = _details(usage, "prompt_tokens_details"), _details(usage, "completion_tokens_details")
    reasoning = count(outputs.get("reasoning_tokens"))
    if reasoning is None and completion is not None and output is not None and output > completion:
        reasoning = output - completion
    cached = _first(inputs.get("cached_tokens"), usage.get("prompt_cache_hit_tokens"), usage.get("cached_tokens"))
    return Usage(
        input_tokens=prompt,
        output_tokens=output,
        cache_read_tokens=_part(cached, prompt),
        cache_write_tokens=_part(count(inputs.get("cache_write_tokens")), prompt),
        reasoning_tokens=_part(reasoning, output),
        input_audio_tokens=_part(count(inputs.get("audio_tokens")), prompt),
        output_audio_tokens=_part(count(outputs.get("audio_tokens")), output),
        input_image_tokens=_part(count(inputs.get("image_tokens")), prompt),
        cost=_vendor_cost(usage),
    )


def responses_usage(usage: Any) -> Usage | None:
    """Read the `usage` of OpenAI's responses.

    https://platform.openai.com/docs/api-reference/responses/object. None without a count of the prompt.
    """
    if not isinstance(usage, Mapping):
        return None
    sent, written = count(usage.get("input_tokens")), count(usage.get("output_tokens"))
    if sent is None:
        return None
    inputs, outputs = _details(usage, "input_tokens_details"), _details(usage, "output_tokens_details")
    return Usage(
        input_tokens=sent,
        output_tokens=written,
        cache_read_tokens=_part(count(inputs.get("cached_tokens")), sent),
        cache_write_tokens=_part(count(inputs.get("cache_write_tokens")), sent),
        reasoning_tokens=_part(count(outputs.get("reasoning_tokens")), written),
    )


def anthropic_usage(usage: Any) -> Usage | None:
    """Read the `usage` of Anthropic's messages, whose `input_tokens` leave out what went through a cache.

    https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching. None without a count of the prompt.
    """
    if not isinstance(usage, Mapping):
        return None
    uncached, output = count(usage.get("input_tokens")), count(usage.get("output_tokens"))
    if uncached is None:
        return None
    read, written = count(usage.get("cache_read_input_tokens")), count(usage.get("cache_creation_input_tokens"))
    lifetimes = _details(usage, "cache_creation")
    short, long = (count(lifetimes.get(f"ephemeral_{time}_input_tokens")) for time in ("5m", "1h"))
    if not written and (short or long):
        written = (short or 0) + (long or 0)
    return Usage(
        input_tokens=min(uncached + (read or 0) + (written or 0), MAX_COUNT),
        output_tokens=output,
        cache_read_tokens=read,
        cache_write_tokens=written and min(written, MAX_COUNT - (read or 0)),
        cache_write_1h_tokens=_part(long, written or 0),
        reasoning_tokens=_part(count(_details(usage, "output_tokens_details").get("thinking_tokens")), output),
    )


def _details(usage: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    details = usage.get(name)
    return details if isinstance(details, Mapping) else {}


def _first(*values: Any) -> int | None:
    """Return the first count above zero, or else the first count."""
    counts = [number for value in values if (number := count(value)) is not None]
    return next(filter(None, counts), counts[0] if counts else None)


def _part(part: int | None, whole: int | None) -> int | None:
    """Bound a part by its whole, so that what is left is never negative."""
    return None if part is None else min(part, whole or 0)


def _vendor_cost(usage: Mapping[str, Any]) -> Decimal | None:
    """Read what the vendor says the call costs.

    OpenRouter's `cost` (https://openrouter.ai/docs/use-cases/usage-accounting) leaves out what the upstream provider
    charges a key of one's own; Perplexity's is an object with a `total_cost`.
    """
    cost = usage.get("cost")
    own = _usd(cost.get("total_cost") if isinstance(cost, Mapping) else cost)
    if own is not None and usage.get("is_byok") is True:
        return own + (_usd(_details(usage, "cost_details").get("upstream_inference_cost")) or 0)
    return own


def _usd(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    amount = Decimal(str(value))
    return amount if amount.is_finite() and 0 <= amount <= MAX_COST else None


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of a text by its scripts: 4 Latin characters a token, 4 Chinese, Japanese or Korean for 3.

    The rates are those of the sentences in 20 languages at https://openai.com/index/hello-gpt-4o/, for Latin script
    the rule of thumb at https://platform.openai.com/tokenizer.
    """
    if text.isascii():
        return -(-len(text) // 4)
    dense = len(_DENSE.findall(text))
    latin = len(text.encode("ascii", "ignore"))
    return math.ceil(latin / 4 + dense * 0.75 + (len(text) - dense - latin) * 0.4)
