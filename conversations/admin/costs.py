"""What a call cost, on the admin's pages: the sum, its parts, and the prices that made it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from conversations.completions.measured import Measured
from models_registry.calls.costs import PER_RATE, CostSource
from perf.pages.formatting import NONE, per_million, usd

TIMES = "\u00d7"
KINDS = {"input": "input", "cache_read": "read from a cache", "cache_write": "written to a cache", "output": "output"}


def in_full(row: Measured) -> str:
    """Write a cost with its parts: like 9 times $3 and 9 times $15 per million tokens; a dash where it is unknown.

    The parts are left out where some tokens had a price that the row does not keep, as audio has.
    """
    if row.cost is None:
        return NONE
    written = f"${row.cost.normalize():f}" if row.cost else usd(row.cost)
    parts = list(_parts(row))
    made_of = sum((tokens * price for tokens, price in parts), Decimal(0)) / PER_RATE
    if not row.cost or made_of != row.cost:
        return written
    products = " + ".join(f"{tokens:,} {TIMES} {per_million(price)}" for tokens, price in parts)
    return f"{written} = {products} per million tokens"


def priced_by(row: Any) -> str:
    """Say where the cost comes from, and the prices per million tokens when the model was called."""
    if row.cost is None:
        return NONE
    source = str(row.get_cost_source_display() or CostSource.LEGACY.label)
    known = {name: price for kind, name in KINDS.items() if (price := getattr(row, f"{kind}_price")) is not None}
    prices = ", ".join(f"{name} {per_million(price)}" for name, price in known.items())
    return f"{source}: {prices} per million tokens" if known else source


def _parts(row: Measured) -> Iterator[tuple[int, Decimal]]:
    """Split the tokens by the prices that the row keeps, as `models_registry.calls.costs` does."""
    if row.input_price is None or row.output_price is None:
        return
    left = row.prompt_tokens or 0
    for tokens, price in (
        (row.cache_read_tokens, row.cache_read_price),
        (row.cache_write_tokens, row.cache_write_price),
    ):
        if tokens and price is not None:
            part = min(tokens, left)
            yield part, price
            left -= part
    if left:
        yield left, row.input_price
    if row.completion_tokens:
        yield row.completion_tokens, row.output_price
