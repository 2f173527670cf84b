"""Snippets of texts with highlighted terms."""

import re
from html import escape

from conversations.search.scripts import continues
from conversations.search.tokens import TOKEN_LENGTH, Tokens, fold_letters

CONTEXT = 60  # characters on each side of the first match
DRAWN = 40  # characters that are drawn as one at most; texts of nothing but marks may be cut


def snippet(tokens: Tokens, *texts: str | None) -> str | None:
    """Return HTML of the first text with a term, cut around the first match: matches in <mark>, the rest escaped.

    Cuts and marks divide no letter from its marks, and no emoji. Returns the beginning of the first text when no text
    has a term, which is possible where the database's letters differ from ours, and None without a text.
    """
    for text in texts:
        if text and (match := tokens.first_match(folded := fold_letters(text))):
            start, end = _begin(text, max(0, match.start() - CONTEXT)), _end(text, match.end() + CONTEXT)
            marked = _marked(tokens.pattern(), folded, text, start, end)
            return f"{'…' if start else ''}{marked}{'…' if end < len(text) else ''}"
    return next((escape(text[: 2 * CONTEXT]) for text in texts if text), None)


def _marked(pattern: re.Pattern[str], folded: str, text: str, start: int, end: int) -> str:
    parts, position = [], start
    for match in pattern.finditer(
        folded, start, end + 2 * TOKEN_LENGTH
    ):  # few matches that begin before `end` are longer
        if match.start() >= end:
            break
        first, last = max(position, _begin(text, match.start())), _end(text, match.end())
        if last > first:
            parts += [escape(text[position:first]), f"<mark>{escape(text[first:last])}</mark>"]
            position = last
    return "".join([*parts, escape(text[position:end])])


def _begin(text: str, position: int) -> int:
    return next((each for each in range(position, position - DRAWN, -1) if not continues(text, each)), position)


def _end(text: str, position: int) -> int:
    return next((each for each in range(position, position + DRAWN) if not continues(text, each)), position)
