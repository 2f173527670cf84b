"""The columns that usage is counted in, and what one call counts for."""

from decimal import Decimal
from typing import Any

from models_registry.calls.measurement import TOKENS, Measurement

COUNTS = ("requests", "errors", "unpriced", *TOKENS)
SUMS = (*COUNTS, "cost")


def counts_of(measured: Measurement, *, failed: bool, cost: Decimal) -> dict[str, Any]:
    """Count one call; its `cost` in USD is 0 where it is unknown, which `unpriced` tells apart."""
    tokens = {name: getattr(measured, name) or 0 for name in TOKENS}
    unpriced = measured.cost is None and measured.prompt_tokens is not None
    return {"requests": 1, "errors": int(failed), "unpriced": int(unpriced), **tokens, "cost": cost}
