"""The tokens of search: of queries, of highlights, and, by migration 0003, of the database's text index.

A token is a run of letters, digits and marks (Unicode categories L, N, M and Co) without case. Latin letters lose their
diacritics.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

INDEXED = 100_000  # characters of a text that are indexed; a tsvector overflows at ten times as many
TOKEN_LENGTH = 200  # characters of a token; the others are ignored
SHORTEST_PREFIX = 3  # ASCII characters of a prefix; shorter ones match every message
MARKS = "\u0300-\u036f"  # combining diacritics
_ANY_MARKS = re.compile(f"[{MARKS}]+")


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a query, all of which a text must contain; `prefix` may be the beginning of a longer token."""

    whole: tuple[str, ...]
    prefix: str | None = None

    def __bool__(self) -> bool:
        return bool(self.whole or self.prefix)

    def pattern(self) -> re.Pattern[str]:
        """Return a pattern that finds any of the tokens in a text from `fold_letters`."""
        alternatives = [
            _with_marks(token) + f"(?![^{separators()}])" for token in sorted(self.whole, key=len, reverse=True)
        ]
        if self.prefix:
            alternatives.append(_with_marks(self.prefix))
        return re.compile(f"(?<![^{separators()}])(?:{'|'.join(alternatives)})")

    def first_match(self, folded: str) -> re.Match[str] | None:
        """Return the first match of any token in a text from `fold_letters`."""
        pattern = self.pattern()
        if not folded.isascii() and _ANY_MARKS.search(folded):
            return pattern.search(folded)
        # `str.find` makes this ten times as fast in a long text.
        firsts = [
            match for each in (*self.whole, self.prefix or "") if each and (match := _find(pattern, folded, each))
        ]
        return min(firsts, key=re.Match.start, default=None)


def tokenize(search: str) -> Tokens:
    """Return the tokens of a search; the last one is a prefix, unless it is too short."""
    words = (_ANY_MARKS.sub("", fold_letters(word))[:TOKEN_LENGTH] for word in re.split(f"[{separators()}]+", search))
    tokens = [word for word in words if word]
    if not tokens or (tokens[-1].isascii() and len(tokens[-1]) < SHORTEST_PREFIX):
        return Tokens(tuple(dict.fromkeys(tokens)))
    *whole, last = tokens
    return Tokens(tuple(dict.fromkeys(whole)), last)


def fold_letters(text: str) -> str:
    """Return the text in lower case and with its Latin letters without diacritics; the length stays the same."""
    return (text if text.isascii() else text.translate(_letters_without_marks())).lower()


@cache
def separators() -> str:
    """Return the characters that separate tokens, as ranges of a character class in Python and PostgreSQL."""
    return "".join(f"\\u{first:04x}-\\u{last:04x}" for first, last in _ranges()) + r"\U0001f000-\U0001faff"


def _ranges() -> Iterator[tuple[int, int]]:
    """Yield the ranges of separators from U+0001 to U+FFFF; unassigned characters in between belong to a range."""
    first = last = None
    for code in range(1, 0x10000):
        category = unicodedata.category(chr(code))
        if category[0] in "LNM" or category == "Co":
            if first is not None and last is not None:
                yield first, last
            first = None
        elif category not in ("Cn", "Cs"):
            first, last = code if first is None else first, code
    if first is not None and last is not None:
        yield first, last


@cache
def _letters_without_marks() -> dict[int, str]:
    """Map each Latin letter with diacritics to the same letter without, and all sigmas to one."""
    bare = {ord("Σ"): "σ", ord("ς"): "σ"}  # noqa: RUF001  # lower() makes the last letter of ΟΔΟΣ a ς
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        letter = unicodedata.normalize("NFD", chr(code))[0]
        if letter.isascii() and letter.isalpha():
            bare[code] = letter
    return bare


def _find(pattern: re.Pattern[str], folded: str, token: str) -> re.Match[str] | None:
    start = folded.find(token)
    while start >= 0:
        if match := pattern.match(folded, start):
            return match
        start = folded.find(token, start + 1)
    return None


def _with_marks(token: str) -> str:
    return "".join(f"{re.escape(letter)}[{MARKS}]*" for letter in token)
