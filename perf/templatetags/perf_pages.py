"""Template filters for `perf.pages.formatting`; an empty string is a failed lookup, and formatted like None."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import template

from perf.pages import formatting
from perf.timing.recorder import FLUSH_ORIGIN

register = template.Library()
register.filter("counted", formatting.counted)
register.filter("brief", formatting.brief)
register.filter("without_id", formatting.without_id)


@register.filter
def at(items: Sequence[Any], position: int) -> Any:
    """Return the item at a position."""
    return items[position]


@register.filter
def sender(origin: str) -> str:
    """Say who sends a statement; the API calls the flush of figures `handover`."""
    return "flush of figures" if origin == FLUSH_ORIGIN else origin


@register.filter
def duration(seconds: float | str | None) -> str:
    """See formatting."""
    return formatting.duration(None if isinstance(seconds, str) else seconds)


@register.filter
def number(value: float | str | None) -> str:
    """See formatting."""
    return formatting.number(None if isinstance(value, str) else value)


@register.filter
def rate(share: float | str | None) -> str:
    """See formatting."""
    return formatting.rate(None if isinstance(share, str) else share)


@register.filter
def usd(amount: Decimal | str | None) -> str:
    """See formatting."""
    return formatting.usd(None if isinstance(amount, str) else amount)
