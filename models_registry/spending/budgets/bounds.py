"""What a call can cost at most, and how much it may write so that a budget covers it.

Every bound errs on the side of too much: a budget that holds is one that a call cannot break by being dearer than
thought. What is reserved too much is free again as soon as the call has ended.
"""

import dataclasses
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from models_registry.calls.costs import PER_RATE, Rates, read_tiers
from models_registry.calls.usage import estimate_tokens
from models_registry.models import LLMModel
from models_registry.providers.base import Prompt

TURN_TOKENS = 16  # of the marks around a turn, and of the turn that the answer begins
HIDDEN_TOKENS = 256  # of what vendors add to a prompt: dates, rules of safety, the frame of a tool
# The output of a model of which no limit is known; those of older ones are as small, and more would be refused.
OUTPUT_TOKENS = 4_096
# A call without a limit of its own takes no more than this share of what is left, so that others can run beside it: a
# comparison has up to four. It may always write OUTPUT_TOKENS, if they are covered at all.
SHARE = Decimal("0.25")
LEAST_TOKENS, LEAST_REASONING = 256, 2_048  # of an answer that is worth asking for
WINDOW_MARGIN = 1.5  # of the estimated prompt, which the context window holds beside the output


class Ceiling(NamedTuple):
    """The highest rates that a call may be charged by, in USD per million tokens."""

    input: Decimal
    output: Decimal


class Allowance(NamedTuple):
    """What a call may write and cost at most; without a `max_tokens` nothing it writes costs anything."""

    max_tokens: int | None
    amount: Decimal


def most_input_tokens(prompt: Prompt) -> int:
    """Bound the tokens of a prompt: no tokenizer makes more tokens of a text than it has bytes."""
    written = json.dumps(dataclasses.asdict(prompt), ensure_ascii=False, default=str)
    return len(written.encode(errors="replace")) + TURN_TOKENS * (len(prompt.messages) + 1) + HIDDEN_TOKENS


def ceiling(model: LLMModel | None, input_tokens: int) -> Ceiling | None:
    """Choose the highest rates for a prompt of up to so many tokens, at any hour; None where a price is unknown."""
    if model is None or model.input_price is None or model.output_price is None:
        return None
    own = Rates(model.input_price, model.output_price, model.cache_read_price, model.cache_write_price)
    rates = [own]
    if model.price_tiers and model.source != LLMModel.Source.STAFF:
        tiers = read_tiers(model.price_tiers)
        rates = [tier.rates for tier in tiers if tier.above == 0 or tier.above < input_tokens]
    return Ceiling(max(_inputs(rates)), max(_outputs(rates)))


def allowance(model: LLMModel | None, prompt: Prompt, rates: Ceiling, left: Decimal) -> Allowance:
    """Choose what a call may write and cost, if `left` USD are left. Its amount is more than that where it is refused.

    The limit that the request has is kept, or refused. Without one it is as large as the model, its context window and
    a fair share of the budget allow.
    """
    price = rates.output / PER_RATE
    asked = most_input_tokens(prompt) * rates.input / PER_RATE
    if prompt.max_tokens is not None:
        return Allowance(prompt.max_tokens, asked + prompt.max_tokens * price)
    if not price:
        return Allowance(None, asked)
    most = _output_limit(model, prompt)
    least = min(most, LEAST_TOKENS if prompt.reasoning_effort is None else LEAST_REASONING)
    covered, share = (int((amount - asked) / price) for amount in (left, left * SHARE))
    tokens = max(min(most, covered, max(share, OUTPUT_TOKENS)), least)
    return Allowance(tokens, asked + tokens * price)


def _output_limit(model: LLMModel | None, prompt: Prompt) -> int:
    """Return the most tokens that the model writes, as far as its context window holds them beside the prompt."""
    most = (model and model.max_output_tokens) or OUTPUT_TOKENS
    if model is None or not model.context_window:
        return most
    sent = estimate_tokens((prompt.system or "") + "".join(turn.content for turn in prompt.messages))
    room = model.context_window - int(sent * WINDOW_MARGIN) - HIDDEN_TOKENS
    return min(most, room) if room > 0 else most  # too long a prompt is the provider's to refuse


def _inputs(rates: list[Rates]) -> Iterator[Decimal]:
    for each in rates:
        yield each.input
        yield from (rate for rate in (each.cache_read, each.cache_write, each.cache_write_1h) if rate is not None)


def _outputs(rates: list[Rates]) -> Iterator[Decimal]:
    for each in rates:
        yield each.output
        if each.output_reasoning is not None:
            yield each.output_reasoning
