"""Classes of characters for search: scripts without blanks between words, emoji, and what separates tokens.

The text index holds what migration 0011 made of them. A change of a class needs a migration that indexes again.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache

Range = tuple[int, int]  # the first and the last code point

# Letters of scripts that put no blanks between words, or that glue particles to them, as Korean does; no digits.
RUN_RANGES: tuple[Range, ...] = (
    (0x0E01, 0x0E3A),  # Thai
    (0x0E40, 0x0E4E),
    (0x0E81, 0x0ECF),  # Lao
    (0x0EDC, 0x0EDF),
    (0x1000, 0x103F),  # Burmese
    (0x1050, 0x108F),
    (0x109A, 0x109D),
    (0x1100, 0x11FF),  # Hangul letters
    (0x1780, 0x17D3),  # Khmer
    (0x17D7, 0x17D7),
    (0x17DC, 0x17DD),
    (0x3005, 0x3007),  # signs of repetition, and the ideographic zero
    (0x3041, 0x3096),  # Hiragana
    (0x3099, 0x309A),
    (0x309D, 0x309F),
    (0x30A1, 0x30FA),  # Katakana
    (0x30FC, 0x30FF),
    (0x3105, 0x312F),  # Bopomofo
    (0x3131, 0x318E),  # Hangul letters
    (0x31A0, 0x31BF),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xA000, 0xA48C),  # Yi
    (0xA960, 0xA97C),
    (0xAC00, 0xD7FB),  # Hangul syllables
    (0xF900, 0xFAD9),
    (0xFF66, 0xFF9F),  # halfwidth Katakana
    (0xFFA0, 0xFFDC),
    (0x1B000, 0x1B16F),
    (0x20000, 0x3FFFD),  # rare Han
)
EMOJI_RANGES: tuple[Range, ...] = (
    (0x231A, 0x231B),
    (0x23E9, 0x23FA),
    (0x25FB, 0x25FE),
    (0x2600, 0x2767),
    (0x2794, 0x27BF),
    (0x2B05, 0x2B07),
    (0x2B1B, 0x2B1C),
    (0x2B50, 0x2B50),
    (0x2B55, 0x2B55),
    (0x3297, 0x3297),
    (0x3299, 0x3299),
    (0x1F000, 0x1F3FA),
    (0x1F400, 0x1FAFF),
)
# The keycap, variation selectors, skin tones and tags change how the letter before is drawn, and are no part of a word.
MODIFIER_RANGES: tuple[Range, ...] = ((0x20E3, 0x20E3), (0xFE00, 0xFE0F), (0x1F3FB, 0x1F3FF), (0xE0001, 0xE01EF))
JOINER = "\u200d"  # between the parts of one emoji

MARKS = "\u0300-\u036f"  # combining diacritics, which words lose


def escaped(ranges: Iterable[Range]) -> str:
    """Return the inside of a character class, as Python and PostgreSQL read it."""
    return "".join(
        f"\\u{first:04x}-\\u{last:04x}" if last <= 0xFFFF else f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges
    )


def literal(ranges: Iterable[Range]) -> str:
    """Return the inside of a character class of SQLite's GLOB."""
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)


RUNS, EMOJI, MODIFIERS = escaped(RUN_RANGES), escaped(EMOJI_RANGES), escaped(MODIFIER_RANGES)


@cache
def separators() -> str:
    """Return the characters that separate tokens, as the inside of a character class; emoji are tokens."""
    return escaped(_separators()) + MODIFIERS


def _separators() -> Iterator[Range]:
    """Yield the ranges of separators from U+0001 to U+FFFF; unassigned characters in between belong to a range."""
    emoji = {code for first, last in EMOJI_RANGES for code in range(first, last + 1)}
    first = last = None
    for code in range(1, 0x10000):
        category = unicodedata.category(chr(code))
        if category[0] in "LNM" or category == "Co" or code in emoji:
            if first is not None and last is not None:
                yield first, last
            first = None
        elif category not in ("Cn", "Cs"):
            first, last = code if first is None else first, code
    if first is not None and last is not None:
        yield first, last


def continues(text: str, position: int) -> bool:
    """Tell whether the character at a position is drawn together with the one before it: marks, parts of an emoji."""
    if not 0 < position < len(text):
        return False
    letter = text[position]
    return (
        unicodedata.category(letter)[0] == "M"
        or JOINER in (letter, text[position - 1])
        or any(first <= ord(letter) <= last for first, last in MODIFIER_RANGES)
    )
