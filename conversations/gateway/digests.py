"""Digests of conversations, by which a request that sends a history back finds the conversation that it continues.

Each turn's digest covers those before it. It leaves out what clients do not send back as they got it: reasoning, the
ids of tool calls, blanks around texts, how a text is cut into parts, and the system prompt, which may hold the date.
"""

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection

from conversations.completions.parts import file_digest
from conversations.history.queries import by_digest
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


def kept_under(user_id: int, wanted: Sequence[str]) -> list[tuple[UUID, str]]:
    """Return id and digest of a user's conversations that have one of these digests.

    The statement is compiled once, since every request to the gateway sends it. Raises what the database raises.
    """
    with connection.cursor() as cursor:
        cursor.execute(_statement(len(wanted)), [user_id, *wanted])
        return [(pk if isinstance(pk, UUID) else UUID(pk), digest) for pk, digest in cursor.fetchall()]


@cache
def _statement(count: int) -> str:
    sql, params = by_digest(0, [str(number) for number in range(count)]).query.sql_with_params()
    assert params == (0, *map(str, range(count)))  # noqa: S101 - the order of what is filled in
    return sql


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
