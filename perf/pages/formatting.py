"""Figures as text for people."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings

NONE = "\u2013"
RANGES = {"15m": 15 * 60, "1h": 3600, "6h": 6 * 3600, "24h": 24 * 3600, "7d": 7 * 24 * 3600}  # seconds
DEFAULT_RANGE = "1h"
BRIEF_LENGTH = 180  # characters
SMALL_RATE = 0.01
SMALLEST_AMOUNT = Decimal("0.0001")  # USD; what is less is written as less

_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_COLUMNS = re.compile(r"(\bSELECT (?:DISTINCT )?)(?!\u2026).{40,}? FROM ")


def duration(seconds: float | None) -> str:
    """Format seconds in the unit that fits; a dash for None."""
    if seconds is None:
        return NONE
    for limit, factor, unit, digits in ((0.001, 1e6, "µs", 0), (0.01, 1e3, "ms", 2), (0.1, 1e3, "ms", 1)):
        if 0 < seconds < limit:
            return f"{seconds * factor:.{digits}f} {unit}"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.2f} s" if seconds < 100 else f"{seconds:,.0f} s"


def number(value: float | None) -> str:
    """Format a number with at least three digits; a dash for None."""
    if value is None:
        return NONE
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def quantity(count: int, thing: str) -> str:
    """Write how many things there are, with the word in its plural where it needs one: "1 model", "1,200 models"."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def moment(at: datetime | None) -> str:
    """Format a time in UTC to the minute; a dash for None."""
    return NONE if at is None else f"{at:%Y-%m-%d %H:%M}"


def usd(amount: Decimal | float | None) -> str:
    """Format an amount of US dollars with as many digits as tell something; a dash for None."""
    if amount is None:
        return NONE
    if not amount:
        return "$0"
    if amount < SMALLEST_AMOUNT:
        return f"< ${SMALLEST_AMOUNT:f}"
    return f"${amount:.4f}" if amount < 1 else f"${amount:,.2f}"


def per_million(amount: Decimal | None) -> str:
    """Format a price in US dollars, which has at most six decimals, without trailing zeros; a dash for None."""
    if amount is None:
        return NONE
    whole, _, cents = f"{amount:,.6f}".rstrip("0").partition(".")
    return f"${whole}.{cents:0<2}" if cents else f"${whole}"


def rate(value: float | None) -> str:
    """Format a rate of 0 to 1 in percent, with a second decimal where it is small; a dash for None."""
    if value is None:
        return NONE
    return f"{value:.2%}" if 0 < value < SMALL_RATE else f"{value:.1%}"


def share(part: int, whole: int) -> str:
    """Format how many of how many, and the rate where it says more: "1 of 2,980 (0.03%)"."""
    counted = f"{part:,} of {whole:,}"
    return f"{counted} ({rate(part / whole)})" if part else counted


def read_failure(error: Exception) -> str:
    """Return one line that says that the figures cannot be read, and why."""
    store = "Redis" if settings.REDIS_URL else "the database"
    return f"The figures in {store} cannot be read: {' '.join(str(error).split())[:300]}"


def without_id(name: str) -> str:
    """Shorten the ids in the name of a row, which the log keeps instead of what the row holds, to what tells apart."""
    return _ID.sub(lambda match: f"\u2026{match[0][-6:]}", name)


def counted(by_label: dict[str, Any]) -> str:
    """Format counts by label, with a multiplication sign between both."""
    return ", ".join(f"{label} \u00d7 {number(count)}" for label, count in by_label.items())


def brief(statement: str) -> str:
    """Shorten a statement for a table: drop its quotes, and a long list of columns, which tells little."""
    text = _COLUMNS.sub("\\1\u2026 FROM ", statement.replace('"', ""), count=1)
    return text if len(text) <= BRIEF_LENGTH else f"{text[:BRIEF_LENGTH]}\u2026"
