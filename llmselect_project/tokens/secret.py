"""The text of a token: a prefix that scanners for leaked secrets know, a random part, and its checksum.

The form is that of GitHub's tokens. The checksum tells a token from whatever only looks like one, so that a scanner
reports no false positives, and a mistyped token is refused before anything is looked up.
"""

import hashlib
import re
import secrets
import string
import zlib

PREFIX = "llms_"
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM = 30  # characters, which hold 178 bits
CHECKSUM = 6  # characters, which hold 32 bits
SHOWN = len(PREFIX) + 6  # characters that are kept, to recognise a token by; 142 bits of it stay secret

_FORM = re.compile(rf"{PREFIX}([0-9A-Za-z]{{{RANDOM}}})([0-9A-Za-z]{{{CHECKSUM}}})")


def make_token() -> str:
    """Return a new token."""
    random = "".join(secrets.choice(ALPHABET) for _ in range(RANDOM))
    return f"{PREFIX}{random}{_checksum(random)}"


def is_genuine(text: str) -> bool:
    """Tell whether a text has the form of a token and the right checksum."""
    match = _FORM.fullmatch(text)
    return match is not None and match[2] == _checksum(match[1])


def digest_of(token: str) -> str:
    """Return the SHA-256 of a token in hexadecimal, which is what is stored.

    A slow hash, as passwords need, would protect nothing: nobody can try out 178 random bits. It would add its time to
    each request. Without a salt the digest can be looked up by an index.
    """
    return hashlib.sha256(token.encode()).hexdigest()


def _checksum(random: str) -> str:
    """Return the CRC-32 of the random part in base 62, the highest digit first."""
    number, digits = zlib.crc32(random.encode()), ""
    while len(digits) < CHECKSUM:
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
