"""The ids of imported rows: made of whose they are, where they come from, and their ids there.

So the same conversation has the same id in every import of the same account, and the database itself refuses a second
one. They are of version 8 of RFC 9562. Messages begin like their conversation, so that an index keeps them together.
"""

import hashlib
from uuid import UUID

PREFIX = 6  # bytes that the messages of a conversation have in common


def row_id(user_id: int, source: str, original_id: str) -> UUID:
    """Return the id of a conversation or a comparison."""
    return _version_8(_digest(f"{user_id}\0{source}\0{original_id}"))


def message_id(conversation: UUID, original_id: str) -> UUID:
    """Return the id of a message in an imported conversation."""
    own = _digest(f"{conversation}\0{original_id}")
    return _version_8(conversation.bytes[:PREFIX] + own[PREFIX:])


def as_uuid(text: str) -> UUID | None:
    """Return the UUID that a text is, None if it is none."""
    try:
        return UUID(text) if len(text) == 36 else None
    except ValueError:
        return None


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="replace")).digest()[:16]


def _version_8(digest: bytes) -> UUID:
    number = int.from_bytes(digest, "big") & ~(0xF << 76) & ~(0x3 << 62)
    return UUID(int=number | 8 << 76 | 2 << 62)
