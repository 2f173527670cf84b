"""Statements by shape: literals and lists folded, so that one shape is one row, and nothing people wrote is kept."""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

SHAPE_LIMIT = 2000  # characters of a shape or an example that are kept
CACHED_LIMIT = 4000  # characters of a statement that is remembered
CACHED = 1024  # statements remembered

# Quoted identifiers are matched to be skipped; a string that never ends is folded to the end.
_TOKENS = re.compile(
    r"""(?P<kept>"(?:[^"]|"")*"|`[^`]*`)
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
_FOLDS = (
    (re.compile(rf"\bIN {_PLACEHOLDERS}", re.IGNORECASE), "IN (...)"),
    (re.compile(rf"\bIN \({_PLACEHOLDERS}(?:, ?{_PLACEHOLDERS})*\)", re.IGNORECASE), "IN (...)"),
    (re.compile(rf"\bVALUES {_ROW}(?:, ?{_ROW})*", re.IGNORECASE), "VALUES (...)"),
    (re.compile(r"\bARRAY\[%s(?:, ?%s)*\]", re.IGNORECASE), "ARRAY[...]"),
    # Bulk updates have one branch a row.
    (re.compile(r"(WHEN \(?\S+ = %s\)? THEN \S+)(?: \1)+", re.IGNORECASE), r"\1 ..."),
)
_MANY_ROWS = re.compile(rf"({_PLACEHOLDERS})(?:, ?\1)+")
_MANY = re.compile(r"%s(?:, ?%s){20,}")


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """What statements have in common: `text` names them, `example` is one of them as it was sent, without values.

    Values inside either are `%s`, as placeholders are, so that an example can be prepared.
    """

    text: str
    example: str
    control: bool  # of transactions, not of rows


def shape_of(sql: object) -> Shape:
    """Return the shape of a statement; the shapes of recent ones are remembered."""
    text = sql if isinstance(sql, str) else _written(sql)
    return _remembered(text) if len(text) <= CACHED_LIMIT else _shape(_shortened(text))


def _shape(sql: str) -> Shape:
    example = _NEGATIVE.sub(r"\1%s", _TOKENS.sub(_folded, sql).strip())
    text = _SAVEPOINT.sub(r"\1 ...", example)
    for pattern, replacement in _FOLDS:
        text = pattern.sub(replacement, text)
    control = text.endswith("SAVEPOINT ...")
    if len(text) > SHAPE_LIMIT:
        digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()
        text = f"{text[:SHAPE_LIMIT]}… {digest}"
    cut = text if control else example[:SHAPE_LIMIT]
    return Shape(text, text if cut == text else cut, control)


_remembered = lru_cache(CACHED)(_shape)


def _shortened(sql: str) -> str:
    """Cut the runs of placeholders that make a statement long, which is fast, before it is read token by token."""
    return _MANY.sub("%s, %s", _MANY_ROWS.sub(r"\1", sql))


def _written(sql: object) -> str:
    """Write a statement that is no text as the driver would; psycopg composes some of parts of its own."""
    if isinstance(sql, bytes):
        return sql.decode(errors="replace")
    return str(sql.as_string(None)) if hasattr(sql, "as_string") else "(unreadable)"


def _folded(match: re.Match[str]) -> str:
    if match["space"] is not None:
        return " "
    return match["kept"] or "%s"
