"""Fingerprints of statements: placeholders replace values and lists, so that equal statements count together.

Fingerprints hold no values, so they hold no user data.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

MAX_LENGTH = 2000  # characters of a fingerprint or an example that are kept
CACHEABLE_LENGTH = 4000  # characters; the fingerprints of longer statements are not cached
CACHE_SIZE = 1024  # statements

# Quoted identifiers are matched so that their content is skipped, and numbers of columns since they are no values.
# A string without an end is replaced to the end.
_TOKENS = re.compile(
    r"""(?P<kept>"(?:[^"]|"")*"|`[^`]*`|\b(?i:GROUP|ORDER)\ (?i:BY)\ \d+(?:,\ ?\d+)*\b)
    |(?P<space>(?:\s|--[^\n]*|/\*.*?(?:\*/|\Z))+)
    |%\(\w+\)s
    |\b[eE]'(?:[^'\\]|\\.|'')*(?:'|\Z)
    |(?:\b[bBxXnN]|\b[uU]&)?'(?:[^']|'')*(?:'|\Z)
    |(?<![\w$])\$(?P<tag>[A-Za-z_]\w*|)\$.*?(?:\$(?P=tag)\$|\Z)
    |(?<![\w.$"])(?:0[xX][0-9a-fA-F]+|\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)
    """,
    re.VERBOSE | re.DOTALL,
)
_NEGATIVE = re.compile(r"([(,=<>] ?)-%s")
_SAVEPOINT = re.compile(r"^((?:RELEASE |ROLLBACK TO )?SAVEPOINT) .*", re.IGNORECASE)
_ROW = r"\((?:[^()]|\([^()]*\))*\)"
_PLACEHOLDERS = r"\(%s(?:, ?%s)*\)"
_LISTS = (
    (re.compile(rf"\bIN {_PLACEHOLDERS}", re.IGNORECASE), "IN (...)"),
    (re.compile(rf"\bIN \({_PLACEHOLDERS}(?:, ?{_PLACEHOLDERS})*\)", re.IGNORECASE), "IN (...)"),
    (re.compile(rf"\bVALUES {_ROW}(?:, ?{_ROW})*", re.IGNORECASE), "VALUES (...)"),
    (re.compile(r"\bARRAY\[%s(?:, ?%s)*\]", re.IGNORECASE), "ARRAY[...]"),
    # Django's bulk_update writes one branch for each row.
    (re.compile(r"(WHEN \(?\S+ = %s\)? THEN \S+)(?: \1)+", re.IGNORECASE), r"\1 ..."),
)
_LONG_ROWS = re.compile(rf"({_PLACEHOLDERS})(?:, ?\1)+")
_LONG_LIST = re.compile(r"%s(?:, ?%s){20,}")


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """The common form of equal statements.

    `text` is the same for all of them. `example` is one of them as it was sent. Both have `%s` in place of each value,
    as a statement with placeholders has, so that an example can be prepared.
    """

    text: str
    example: str
    is_savepoint: bool


def fingerprint_of(sql: object) -> Fingerprint:
    """Return the fingerprint of a statement: a string, bytes, or what psycopg composes."""
    if isinstance(sql, str):
        text = sql
    elif isinstance(sql, bytes):
        text = sql.decode(errors="replace")
    else:
        text = str(sql.as_string(None)) if hasattr(sql, "as_string") else "(unreadable)"
    if len(text) <= CACHEABLE_LENGTH:
        return _cached(text)
    # Long statements are long lists of placeholders. Cutting these first is fast; reading every token is not.
    return _fingerprint(_LONG_LIST.sub("%s, %s", _LONG_ROWS.sub(r"\1", text)))


def fingerprint_id(text: str) -> str:
    """Return a short identifier of a fingerprint's text, the same on every machine."""
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=6).hexdigest()


def _fingerprint(sql: str) -> Fingerprint:
    example = _NEGATIVE.sub(r"\1%s", _TOKENS.sub(_replacement, sql).strip())
    text = _SAVEPOINT.sub(r"\1 ...", example)
    for pattern, replacement in _LISTS:
        text = pattern.sub(replacement, text)
    is_savepoint = text.endswith("SAVEPOINT ...")
    if len(text) > MAX_LENGTH:
        digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()
        text = f"{text[:MAX_LENGTH]}… {digest}"
    example = text if is_savepoint else example[:MAX_LENGTH]
    return Fingerprint(text, text if example == text else example, is_savepoint)  # equal strings are kept once


_cached = lru_cache(CACHE_SIZE)(_fingerprint)


def _replacement(match: re.Match[str]) -> str:
    if match["space"] is not None:
        return " "
    return match["kept"] or "%s"
