"""Values as other products write them: times of several kinds, texts that are null, names of models."""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from conversations.history.importing.reading.parsed import Broken
from models_registry.providers.reading.text import clean

MILLISECONDS, MICROSECONDS, NANOSECONDS = 1e11, 1e14, 1e17  # seconds since 1970 never are so many
UNKNOWN_MODEL = "unknown"
# The beginnings of the names by which the vendors' models are known everywhere.
VENDORS = (
    ("openai", re.compile(r"(openai/)?(gpt|chatgpt|o\d|text-davinci|davinci|codex)\b", re.IGNORECASE)),
    ("anthropic", re.compile(r"(anthropic/)?claude", re.IGNORECASE)),
    ("gemini", re.compile(r"(google/|gemini/|models/)?(gemini|palm|bard)", re.IGNORECASE)),
    ("mistral", re.compile(r"(mistral(ai)?/)?(mistral|mixtral|codestral|magistral|pixtral)-", re.IGNORECASE)),
)


def moment(value: Any) -> datetime | None:
    """Read a time: seconds since 1970 or a fraction of them, as a number or a text, or ISO 8601. None if it is none."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return _iso(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
        return None
    for limit, divisor in ((NANOSECONDS, 1e9), (MICROSECONDS, 1e6), (MILLISECONDS, 1e3)):
        if value > limit:
            value /= divisor
            break
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _iso(value: str) -> datetime | None:
    try:
        found = parse_datetime(value)
    except ValueError:
        return None
    if found is None or found.year < 1970:
        return None
    try:
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        return None


def text(value: Any) -> str:
    """Return a text that can be stored, "" for anything that is none."""
    return clean(value)[0] if isinstance(value, str) else ""


def one_line(value: Any) -> str:
    """Return a text in one line."""
    return " ".join(text(value).split())


def mapping(value: Any) -> Mapping[str, Any]:
    """Return an object, an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: Any) -> Sequence[Any]:
    """Return a list, an empty one for anything else."""
    return value if isinstance(value, list) else []


def identifier(value: Any, what: str) -> str:
    """Return an id. Raises Broken if there is none."""
    found = str(value) if isinstance(value, int) and not isinstance(value, bool) else one_line(value)
    if not found:
        raise Broken(f"It has no {what}.")
    return found


def provider_of(model: str, otherwise: str) -> str:
    """Name the vendor of a model by its name."""
    return next((vendor for vendor, pattern in VENDORS if pattern.match(model)), otherwise)
