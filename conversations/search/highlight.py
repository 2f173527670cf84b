"""Showing where words were found."""

import re
from html import escape

from conversations.search.tokens import WORD_LENGTH, Words, aligned

CONTEXT = 60  # characters shown on each side of what was found


def snippet(words: Words, *texts: str | None) -> str | None:
    """Return HTML of the first text that holds any of the words: each in <mark>, the rest escaped, cut around one.

    Where the database's idea of a letter differs from ours no word may be seen: then the beginning of the first text.
    """
    pattern = words.pattern()
    for text in texts:
        if text and (found := words.first_in(bare := aligned(text))):
            start, end = max(0, found.start() - CONTEXT), found.end() + CONTEXT
            return f"{'…' if start else ''}{_marked(pattern, bare, text, start, end)}{'…' if end < len(text) else ''}"
    return next((escape(text[: 2 * CONTEXT]) for text in texts if text), None)


def _marked(pattern: re.Pattern[str], bare: str, text: str, start: int, end: int) -> str:
    parts, position = [], start
    for found in pattern.finditer(bare, start, end + 2 * WORD_LENGTH):  # what begins before the end, ends before that
        if found.start() >= end:
            break
        parts += [escape(text[position : found.start()]), f"<mark>{escape(text[found.start() : found.end()])}</mark>"]
        position = found.end()
    return "".join([*parts, escape(text[position:end])])
