"""What a reader of a format makes of one conversation or comparison, before it is stored."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from models_registry.providers.base import Part


class Broken(Exception):
    """A conversation cannot be read; the text says why, to its owner."""


@dataclass(slots=True)
class ParsedMessage:
    """A turn. `original_id` is unique in its conversation; `figures` are columns of `Measured`."""

    original_id: str
    role: str
    content: str
    created_at: datetime | None = None
    provider: str = ""
    model: str = ""
    parts: list[Part] | None = None
    reasoning: str | None = None
    status: str = "complete"
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class ParsedConversation:
    """A conversation with its turns in their order; `skipped` counts turns that are left out, by reason.

    `source` is the name of the format; whoever calls its reader writes it.
    """

    original_id: str
    title: str
    provider: str
    model: str
    created_at: datetime | None = None
    updated_at: datetime | None = None
    system: str = ""
    messages: list[ParsedMessage] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    source: str = ""

    def skip(self, reason: str, count: int = 1) -> None:
        """Count turns that are left out."""
        if count:
            self.skipped[reason] = self.skipped.get(reason, 0) + count


@dataclass(slots=True)
class ParsedComparison:
    """A comparison of LLMSelect's own: columns, and those of its results."""

    original_id: str
    fields: dict[str, Any]
    results: list[dict[str, Any]]
    source: str = ""


Parsed = ParsedConversation | ParsedComparison
