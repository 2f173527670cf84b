"""Digests of conversations, by which a request that sends a history back finds the conversation that it continues.

Each turn's digest covers those before it. It leaves out what clients do not send back as they got it: reasoning, the
ids of tool calls, blanks around texts, how a text is cut into parts, and the system prompt, which may hold the date.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from conversations.completions.parts import file_digest
from models_registry.protocols.requests import parts_of
from models_registry.providers.base import Part, Turn
from models_registry.providers.reading.text import clean


def digests(turns: Sequence[Turn], before: str = "") -> list[str]:
    """Return the digest after each turn, where `before` is that of the turns before them."""
    found: list[str] = []
    for turn in turns:
        before = hashlib.sha256(f"{before} {_canonical(turn)}".encode()).hexdigest()
        found.append(before)
    return found


def _canonical(turn: Turn) -> str:
    parts = parts_of(turn)
    text = clean("".join(part["text"] for part in parts if part["type"] == "text"))[0].strip()
    others = [each for part in parts if (each := _facts(part)) is not None]
    return json.dumps([turn.role, text, others], sort_keys=True)


def _facts(part: Part) -> list[Any] | None:
    kind = part["type"]
    if kind == "tool_call":
        return [part["name"], _parsed(part["arguments"])]
    if kind == "tool_result":
        content = part["content"]
        return [kind, content if isinstance(content, str) else [each.get("text") or _facts(each) for each in content]]
    return [kind, file_digest(part)] if kind in ("image", "document") else None


def _parsed(arguments: str) -> Any:
    """Read arguments, so that their blanks and the order of their names do not matter."""
    try:
        return json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        return arguments
