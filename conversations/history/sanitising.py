"""Makes texts of users and models safe to open in a Markdown viewer; code stays as it is."""

import re
from collections.abc import Iterator
from itertools import groupby

from markdown_it import MarkdownIt
from markdown_it.token import Token

# The beginning of raw HTML, of an autolink of any scheme, or of an image: https://spec.commonmark.org/0.31.2/#raw-html
_DANGER = re.compile(r"(\\*)(<(?=[A-Za-z/!?])|!(?=\[))")
_BACKTICKS = re.compile(r"`+")
_CELL_END = re.compile(r"(?<!\\)\|")
_FENCE_END = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*")

# The parser treats HTML as text, which it becomes.
_parser = MarkdownIt("commonmark", {"html": False}).disable("inline")

Span = tuple[int, int]


def sanitise(text: str) -> str:
    """Escape raw HTML outside of code, turn images into links, and close an open fence.

    A viewer executes HTML, and loads images from any address as soon as the file is opened. An open fence would swap
    code and text in the rest of the document.

    Only text that is code for every viewer counts as code. Indented code does not, since it may be the text of a
    footnote; code spans do where the backticks of each line, and of each cell of a table, form pairs.
    """
    if not _DANGER.search(text) and "```" not in text and "~~~" not in text:
        return text
    lines = re.sub(r"\r\n?", "\n", text).split("\n")
    fences = [token for token in _parser.parse("\n".join(lines)) if token.type == "fence"]
    left_open = [token.markup for token in fences[-1:] if _is_open(token, lines)]
    return "\n".join([*_sanitised(lines, fences), *left_open])


def sanitise_line(text: str) -> str:
    """Sanitise a text of one line, which cannot contain a fence."""
    return _line(text, spans=_spans_of([text])[0])


def _sanitised(lines: list[str], fences: list[Token]) -> Iterator[str]:
    code = {number for token in fences for number in range(*(token.map or (0, 0)))}
    # A paragraph ends at a blank line, and so does a code span.
    numbered = groupby(enumerate(lines), key=lambda item: (item[0] in code, not item[1].strip()))
    for (is_code, _), group in numbered:
        together = [line for _, line in group]
        if is_code:
            yield from together
        else:
            yield from map(_line, together, _spans_of(together))


def _line(line: str, spans: list[Span]) -> str:
    def escape(match: re.Match[str]) -> str:
        at = match.start(2)
        if any(start < at < end for start, end in spans):
            return match[0]
        # A character that is escaped already must not become an escaped ampersand.
        backslashes = match[1][: len(match[1]) // 2 * 2]
        return backslashes + ("&lt;" if match[2] == "<" else "\\!")

    return _DANGER.sub(escape, line)


def _spans_of(lines: list[str]) -> list[list[Span]]:
    """Return the code spans of each line of a possible paragraph; none if viewers could disagree on them."""
    found = [_pairs(line) for line in lines]
    if any(spans is None or "\\`" in line for spans, line in zip(found, lines, strict=True)):
        return [[] for _ in lines]
    return [spans or [] for spans in found]


def _pairs(line: str) -> list[Span] | None:
    """Return the spans between equal runs of backticks, within the cells of a line; None when a run has no partner."""
    spans, start = [], 0
    for end in [*(match.start() for match in _CELL_END.finditer(line)), len(line)]:
        runs = list(_BACKTICKS.finditer(line, start, end))
        while runs:
            opening = runs.pop(0)
            closing = next((at for at, run in enumerate(runs) if run[0] == opening[0]), None)
            if closing is None:
                return None
            spans.append((opening.start(), runs[closing].end()))
            runs = runs[closing + 1 :]
        start = end + 1
    return spans


def _is_open(fence: Token, lines: list[str]) -> bool:
    """Tell whether a fence is open at the end of the text; one in a list or a quotation ends there."""
    if fence.level or fence.map is None:
        return False
    start, end = fence.map
    closing = _FENCE_END.fullmatch(lines[end - 1]) if end - 1 > start else None
    return closing is None or not closing[1].startswith(fence.markup)
