"""What a call of a model took: the figures of it, and the columns that they are stored in."""

from decimal import Decimal
from typing import NamedTuple

from models_registry.calls.costs import CostSource

TOKENS = (
    "prompt_tokens",
    "completion_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "reasoning_tokens",
    "input_audio_tokens",
    "output_audio_tokens",
    "input_image_tokens",
)
# The columns that counts are stored in, and their names in a `Usage`.
COUNT_COLUMNS = {
    name: {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens"}.get(name, name) for name in TOKENS
}


class Measurement(NamedTuple):
    """What a call took: tokens by kind, None where unknown; `cost` in USD and the rates it was made of; seconds.

    `estimated` says that tokens were estimated from the text. `ttft` is the time to the first token.
    """

    time: float
    ttft: float | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    reasoning_tokens: int | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    input_image_tokens: int | None = None
    cost: Decimal | None = None
    cost_source: CostSource | None = None
    input_price: Decimal | None = None
    cache_read_price: Decimal | None = None
    cache_write_price: Decimal | None = None
    output_price: Decimal | None = None
    estimated: bool = False
