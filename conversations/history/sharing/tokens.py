"""The secret of a share's link: its id and a code that only this server computes, so that nothing secret is stored.

Whoever reads the database or a backup cannot make a link. The owner is shown it again at any time. A new SECRET_KEY
ends all links, and gives their shares new ones.
"""

import base64
import binascii
from uuid import UUID

from django.utils.crypto import constant_time_compare, salted_hmac

CODE = 16  # bytes of the code, which nobody guesses: there are 2**128
LENGTH = 43  # characters of a token


def token_of(pk: UUID) -> str:
    """Return the token of a share, of letters that need no escapes in an address."""
    return base64.urlsafe_b64encode(pk.bytes + _code(pk)).decode().rstrip("=")


def read_token(token: str) -> UUID | None:
    """Return the id of the share that a token is for; None if this server did not make it."""
    if len(token) != LENGTH or not token.isascii():
        return None
    try:
        raw = base64.urlsafe_b64decode(f"{token}=")
    except binascii.Error:
        return None
    if len(raw) != 16 + CODE:
        return None
    pk = UUID(bytes=raw[:16])
    # Compared as text, so that no second spelling of the same bytes is a link, too.
    return pk if constant_time_compare(token, token_of(pk)) else None


def _code(pk: UUID) -> bytes:
    return salted_hmac("llmselect.share", pk.bytes, algorithm="sha256").digest()[:CODE]
