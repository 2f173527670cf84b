"""The terms of a search: words, runs of scripts without blanks, emoji, and phrases of them.

A word is a run of letters, digits and marks (Unicode categories L, N, M and Co) without case. Latin letters lose their
diacritics. Chinese, Japanese, Thai, Korean and their like are found anywhere in a run of their letters. What is typed
without a separator, or in quotes, is one term: a text must have its pieces in that order.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from unicodedata import normalize

from conversations.search.scripts import EMOJI, JOINER, MARKS, MODIFIERS, RUNS, separators

INDEXED = 100_000  # characters of a text that are indexed; a tsvector overflows at ten times as many
TOKEN_LENGTH = 200  # characters of a word; the others are ignored
SHORTEST_PREFIX = 3  # ASCII characters of a prefix; shorter ones match every message
_ANY_MARKS = re.compile(f"[{MARKS}]+")
_RUN, _EMOJI = re.compile(f"[{RUNS}]"), re.compile(f"[{EMOJI}]")
_QUOTED = re.compile('"[^"]*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|「[^」]*」|『[^』]*』')
# What joins emoji to one, or changes how they are drawn, separates nothing.
_JOINERS = re.compile(f"(?<=[{EMOJI}])[{MODIFIERS}{JOINER}]+")


@dataclass(frozen=True, slots=True)
class Term:
    """Pieces that a text has in this order, with nothing but separators between: words, runs, and single emoji."""

    pieces: tuple[str, ...]
    prefix: bool = False  # the last piece is a word that may be the beginning of a longer one

    def pattern(self) -> str:
        """Return a regular expression for texts from `fold_letters`."""
        outside = f"[^{separators()}{RUNS}{EMOJI}]"
        words = [is_word(piece) for piece in self.pieces]
        parts: list[str] = []
        for number, piece in enumerate(self.pieces):
            if number:
                parts.append(f"[{separators()}]" + ("+" if words[number] and words[number - 1] else "*"))
            if not words[number]:
                parts.append(re.escape(piece))
                continue
            letters = "".join(f"{re.escape(letter)}[{MARKS}]*" for letter in piece)
            unfinished = self.prefix and number == len(self.pieces) - 1
            parts.append(f"(?<!{outside}){letters}" + ("" if unfinished else f"(?!{outside})"))
        return "".join(parts)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The terms of a search, all of which a text must contain."""

    terms: tuple[Term, ...]

    def __bool__(self) -> bool:
        return bool(self.terms)

    def pattern(self) -> re.Pattern[str]:
        """Return a pattern that finds any of the terms in a text from `fold_letters`, the longest first."""
        longest = sorted(self.terms, key=lambda term: sum(map(len, term.pieces)), reverse=True)
        return re.compile("|".join(term.pattern() for term in longest))

    def first_match(self, folded: str) -> re.Match[str] | None:
        """Return the first match of any term in a text from `fold_letters`."""
        pattern = self.pattern()
        if not folded.isascii() and _ANY_MARKS.search(folded):
            return pattern.search(folded)
        # `str.find` makes this ten times as fast in a long text.
        firsts = [match for term in self.terms if (match := _find(pattern, folded, term.pieces[0]))]
        return min(firsts, key=re.Match.start, default=None)


def is_word(piece: str) -> bool:
    """Tell whether a piece of a term is a word, and not a run or an emoji."""
    return not (is_run(piece) or is_emoji(piece))


def is_run(piece: str) -> bool:
    """Tell whether a piece of a term is a run of a script without blanks."""
    return _RUN.match(piece) is not None


def is_emoji(piece: str) -> bool:
    """Tell whether a piece of a term is an emoji."""
    return _EMOJI.match(piece) is not None


def tokenize(search: str) -> Tokens:
    """Return the terms of a search. The last word is a prefix, unless it is too short or in quotes."""
    folded = _JOINERS.sub("", fold_letters(search))
    terms: list[Term] = []
    position = 0
    for quoted in _QUOTED.finditer(folded):
        terms += _unquoted(folded[position : quoted.start()])
        terms += [Term(pieces)] if (pieces := tuple(_pieces(quoted[0]))) else []
        position = quoted.end()
    if rest := list(_unquoted(folded[position:])):
        last = rest[-1].pieces[-1]
        if is_word(last) and (len(last) >= SHORTEST_PREFIX or not last.isascii()):
            rest[-1] = Term(rest[-1].pieces, prefix=True)
    return Tokens(tuple(dict.fromkeys([*terms, *rest])))


def fold_letters(text: str) -> str:
    """Return the text in lower case and with its Latin letters without diacritics; the length stays the same."""
    return (text if text.isascii() else text.translate(_letters_without_marks())).lower()


@cache
def unfolded() -> dict[str, str]:
    """Map each letter from `fold_letters` to all the letters that it is made of, itself among them."""
    letters: dict[str, str] = {}
    for code in range(0x10000):
        if (folded := fold_letters(chr(code))) != chr(code):
            letters[folded] = letters.get(folded, folded) + chr(code)
    return letters


def _unquoted(folded: str) -> Iterator[Term]:
    for chunk in _splitter().split(folded):
        if pieces := tuple(_pieces(chunk)):
            yield Term(pieces)


def _pieces(folded: str) -> Iterator[str]:
    for match in _piece().finditer(folded):
        if piece := _ANY_MARKS.sub("", match[0])[:TOKEN_LENGTH] if is_word(match[0]) else match[0]:
            yield piece


@cache
def _splitter() -> re.Pattern[str]:
    return re.compile(f"[{separators()}]+")


@cache
def _piece() -> re.Pattern[str]:
    return re.compile(f"[{RUNS}]+|[{EMOJI}]|[^{separators()}{RUNS}{EMOJI}]+")


@cache
def _letters_without_marks() -> dict[int, str]:
    """Map each Latin letter with diacritics to the same letter without, and all sigmas to one."""
    bare = {ord("Σ"): "σ", ord("ς"): "σ"}  # noqa: RUF001  # lower() makes the last letter of ΟΔΟΣ a ς
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        letter = normalize("NFD", chr(code))[0]
        if letter.isascii() and letter.isalpha():
            bare[code] = letter
    return bare


def _find(pattern: re.Pattern[str], folded: str, piece: str) -> re.Match[str] | None:
    start = folded.find(piece)
    while start >= 0:
        if match := pattern.match(folded, start):
            return match
        start = folded.find(piece, start + 1)
    return None
