"""What a word is to search: in what is looked for, and where it is marked. The database's own index agrees with it.

A word is a run of letters, digits and marks (Unicode categories L, N, M and Co), in whatever case; Latin letters count
without their diacritics.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

INDEXED = 100_000  # characters of a text that are indexed; a tsvector cannot hold the words of ten times as many
WORD_LENGTH = 200  # characters of a word that count
SHORTEST_BEGINNING = 3  # ASCII characters from which on the last word may go on: every message has a word in "a"
MARKS = "\u0300-\u036f"  # combining diacritics
_ANY_MARKS = re.compile(f"[{MARKS}]+")


@dataclass(frozen=True, slots=True)
class Words:
    """Words that a text must hold, all of them; `beginning` may go on."""

    whole: tuple[str, ...]
    beginning: str | None = None

    def __bool__(self) -> bool:
        return bool(self.whole or self.beginning)

    def pattern(self) -> re.Pattern[str]:
        """Find any of the words in what `aligned` returns."""
        ways = [_spelled(word) + f"(?![^{separators()}])" for word in sorted(self.whole, key=len, reverse=True)]
        if self.beginning:
            ways.append(_spelled(self.beginning))
        return re.compile(f"(?<![^{separators()}])(?:{'|'.join(ways)})")

    def first_in(self, bare: str) -> re.Match[str] | None:
        """Find the first of any of the words in what `aligned` returned."""
        pattern = self.pattern()
        if not bare.isascii() and _ANY_MARKS.search(bare):
            return pattern.search(bare)
        # Ten times as quick in a long text: leap from place to place where one of the words could be.
        firsts = [
            found for word in (*self.whole, self.beginning or "") if word and (found := _leap(pattern, bare, word))
        ]
        return min(firsts, key=re.Match.start, default=None)


def words_of(search: str) -> Words:
    """Return the words of what somebody typed; the last one counts as unfinished, unless it is too short for that."""
    found = [folded(word)[:WORD_LENGTH] for word in re.split(f"[{separators()}]+", search)]
    found = [word for word in found if word]
    if not found:
        return Words(())
    *whole, last = found
    if last.isascii() and len(last) < SHORTEST_BEGINNING:
        return Words(tuple(dict.fromkeys(found)))
    return Words(tuple(dict.fromkeys(whole)), last)


def folded(word: str) -> str:
    """Return a word as the index has it."""
    return _ANY_MARKS.sub("", aligned(word))


def aligned(text: str) -> str:
    """Return a text of the same length in lower case, whose Latin letters have no diacritics."""
    return (text if text.isascii() else text.translate(_bare_letters())).lower()


@cache
def separators() -> str:
    """Return every character that is in no word, as the inside of a character class of Python's and PostgreSQL's."""
    return "".join(f"\\u{first:04x}-\\u{last:04x}" for first, last in _ranges()) + r"\U0001f000-\U0001faff"


def _ranges() -> Iterator[tuple[int, int]]:
    """Yield the ranges of separators from U+0001 to U+FFFF, over gaps of unassigned characters; emoji come after."""
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
def _bare_letters() -> dict[int, str]:
    """Map each Latin letter with diacritics to the letter alone, in the same case; and all sigmas to one."""
    bare = {ord("Σ"): "σ", ord("ς"): "σ"}  # noqa: RUF001  # Python alone would lower the last letter of ΟΔΟΣ to ς
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        letter = unicodedata.normalize("NFD", chr(code))[0]
        if letter.isascii() and letter.isalpha():
            bare[code] = letter
    return bare


def _leap(pattern: re.Pattern[str], bare: str, word: str) -> re.Match[str] | None:
    place = bare.find(word)
    while place >= 0:
        if found := pattern.match(bare, place):
            return found
        place = bare.find(word, place + 1)
    return None


def _spelled(word: str) -> str:
    return "".join(f"{re.escape(letter)}[{MARKS}]*" for letter in word)
