"""Snippets of texts with highlighted tokens."""

import re
from html import escape

from conversations.search.tokens import TOKEN_LENGTH, Tokens, fold_letters

CONTEXT = 60  # characters on each side of the first match


def snippet(tokens: Tokens, *texts: str | None) -> str | None:
    """Return HTML of the first text with a token, cut around the first match: matches in <mark>, the rest escaped.

    Returns the beginning of the first text when no text has a token, which is possible where the database's letters
    differ from ours, and None without a text.
    """
    for text in texts:
        if text and (match := tokens.first_match(folded := fold_letters(text))):
            start, end = max(0, match.start() - CONTEXT), match.end() + CONTEXT
            marked = _marked(tokens.pattern(), folded, text, start, end)
            return f"{'…' if start else ''}{marked}{'…' if end < len(text) else ''}"
    return next((escape(text[: 2 * CONTEXT]) for text in texts if text), None)


def _marked(pattern: re.Pattern[str], folded: str, text: str, start: int, end: int) -> str:
    parts, position = [], start
    for match in pattern.finditer(folded, start, end + 2 * TOKEN_LENGTH):  # no match that begins before `end` is longer
        if match.start() >= end:
            break
        parts += [escape(text[position : match.start()]), f"<mark>{escape(text[match.start() : match.end()])}</mark>"]
        position = match.end()
    return "".join([*parts, escape(text[position:end])])
