"""What a call can cost at most, and how much it may write so that a budget covers it.

Every bound errs on the side of too much: a budget that holds is one that a call cannot break by being dearer than
thought. What is reserved too much is free again as soon as the call has ended.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from models_registry.calls.costs import PER_RATE, Rates, read_tiers
from models_registry.calls.usage import estimate_tokens
from models_registry.models import LLMModel
from models_registry.providers.base import Prompt

FRAME_TOKENS = 8  # of what vendors write around each text and number: marks of a turn, quotes, names
HIDDEN_TOKENS = 256  # of what vendors add to a prompt: dates, rules of safety, the frame of tools
# The most that a vendor counts for an image (OpenAI's gpt-4o-mini), and what a PDF may have: its bytes do not bound its
# tokens, since they are compressed.
IMAGE_TOKENS, DOCUMENT_TOKENS = 50_000, 500_000
IMAGES = ("image", "image_url", "input_image")
DOCUMENTS = ("document", "file", "input_file")
COMPRESSED = ("image/", "application/pdf")
KEPT = ("item_reference",)  # what OpenAI keeps, and a request only names
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


def most_input_tokens(sent: Prompt | Mapping[str, Any], window: int | None = None) -> int:
    """Bound the tokens of a prompt, or of a request's body: no tokenizer makes more tokens of a text than its bytes.

    A PDF has at most as many as the context `window` of the model, where that is known.
    """
    if isinstance(sent, Prompt):
        sent = {field.name: getattr(sent, field.name) for field in dataclasses.fields(sent)}
    return _most_tokens(sent, min(DOCUMENT_TOKENS, window or DOCUMENT_TOKENS)) + HIDDEN_TOKENS


def answers_asked(body: Mapping[str, Any] | None) -> int:
    """Read how many answers a request in a provider's own format asks for at once, which only OpenAI's can."""
    asked = (body or {}).get("n")
    return asked if isinstance(asked, int) and asked > 1 else 1


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


def allowance(
    model: LLMModel | None, prompt: Prompt, rates: Ceiling, left: Decimal, *, sent: int, answers: int = 1
) -> Allowance:
    """Choose what a call may write and cost, if `left` USD are left. Its amount is more than that where it is refused.

    The prompt has at most `sent` tokens, and is answered so many times. The limit that the request has is kept, or
    refused. Without one it is as large as the model, its context window and a fair share of the budget allow.
    """
    price = rates.output * answers / PER_RATE
    asked = sent * rates.input / PER_RATE
    if prompt.max_tokens is not None:
        return Allowance(prompt.max_tokens, asked + prompt.max_tokens * price)
    if not price:
        return Allowance(None, asked)
    most = _output_limit(model, prompt)
    least = min(most, LEAST_TOKENS if prompt.reasoning_effort is None else LEAST_REASONING)
    covered, share = (int((amount - asked) / price) for amount in (left, left * SHARE))
    tokens = max(min(most, covered, max(share, OUTPUT_TOKENS)), least)
    return Allowance(tokens, asked + tokens * price)


def _most_tokens(value: Any, document: int) -> int:
    """Bound the tokens of a value, if one `document` has so many."""
    if isinstance(value, str):
        inline = value.startswith(tuple(f"data:{kind}" for kind in COMPRESSED))
        size = IMAGE_TOKENS if inline else len(value.encode(errors="replace"))
        return size + FRAME_TOKENS
    if isinstance(value, Mapping):
        inline = str(value.get("media_type", "")).startswith(COMPRESSED)
        held = (_most_tokens(each, document) for name, each in value.items() if not (inline and name == "data"))
        frame = sum(len(str(name)) + FRAME_TOKENS for name in value)
        return sum(held) + frame + _media(value, document)
    if isinstance(value, Sequence):
        return sum(_most_tokens(each, document) for each in value)
    return 0 if value is None else len(str(value)) + FRAME_TOKENS


def _media(part: Mapping[str, Any], document: int) -> int:
    """Bound the tokens of an image, of a document, and of what the vendor keeps: its bytes say nothing of them."""
    if part.get("type") in IMAGES:
        return IMAGE_TOKENS
    if part.get("type") in DOCUMENTS:
        return document
    kept = part.get("type") in KEPT or part.keys() == {"id"}  # an item may be named by its id alone
    return DOCUMENT_TOKENS if kept else 0


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
