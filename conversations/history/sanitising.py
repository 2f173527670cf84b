"""Makes texts of users and models safe to open in a Markdown viewer; code stays as it is."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import accumulate, groupby

from markdown_it import MarkdownIt
from markdown_it.common.html_blocks import block_names
from markdown_it.token import Token

# What may begin raw HTML, an autolink or an image, with the backslashes before it.
_DANGER = re.compile(r"(\\*)(<(?=[A-Za-z/!?])|!(?=\[))")
# What follows a "<", by https://spec.commonmark.org/0.31.2/#raw-html, #autolinks and #html-blocks.
_ATTRIBUTE = r"""\s+[A-Za-z_:][\w:.-]*(?:\s*=\s*(?:[^"'=<>`\x00-\x20]+|'[^']*'|"[^"]*"))?"""
_OPEN_TAG = re.compile(rf"[A-Za-z][A-Za-z0-9-]*(?:{_ATTRIBUTE})*(\s*/?>)?")
_UNFINISHED = re.compile(r"""\s*/?(?:[\w:.-]*\s*(?:=\s*(?:[^\s"'=<>`]*|"[^"]*|'[^']*))?)?\Z""")
_OTHER_HTML = re.compile(r"/[A-Za-z][A-Za-z0-9-]*\s*(?:>|\Z)|!--|\?|![A-Za-z]|!\[CDATA\[")
_AUTOLINK = re.compile(r"[^<>\x00-\x20:@]+[:@][^<>\x00-\x20]*>")
_BLOCK_NAME = re.compile(r"/?([A-Za-z][A-Za-z0-9]*)(?=\s|/?>|\Z)")
_BLOCK_NAMES = {*block_names, "script", "pre", "style", "textarea"}
# Browsers and some viewers take tags with names and attributes that CommonMark does not know.
# Some viewers, such as Python-Markdown, take anything from a name to ">" for a tag. These elements then run or load
# what their attributes or the text after them say; "a" does so with an attribute.
_LENIENT_TAG = re.compile(r"([A-Za-z][A-Za-z0-9-]*)(?=[\s/>]|\Z)([^<>]*>)?")
_ACTIVE = re.compile(
    "a|applet|area|audio|base|body|button|embed|form|frame|frameset|iframe|image|img|input|link|marquee|math|meta|"
    "noembed|noframes|noscript|object|plaintext|script|source|style|svg|template|textarea|title|track|video|xmp",
    re.IGNORECASE,
)
_HANDLER = re.compile(r"""[^<>]*[\s/"'](?:on\w+|style)\s*=[^<>]*>""", re.IGNORECASE)
_FORMULA = re.compile(r"\$|\\[(\[]")
_QUOTE_MARKS = re.compile(r"\n[\s>]+")
_WINDOW = 1000  # characters after a "<" that are looked at
_BACKTICKS = re.compile(r"`+")
_CELL_END = re.compile(r"(?<!\\)\|")
_FENCE_END = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*")

# The parser treats HTML as text, which it becomes.
_parser = MarkdownIt("commonmark", {"html": False}).disable("inline")

Span = tuple[int, int]


def sanitise(text: str) -> str:
    """Escape raw HTML and autolinks outside of code, turn images into links, and close an open fence.

    A "<" that begins neither stays, so that formulas such as `$x<y$` can be read.

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
    return _line(text, spans=_spans_of([text])[0], paragraph=_escaped(text), whole=False)


def _sanitised(lines: list[str], fences: list[Token]) -> Iterator[str]:
    code = {number for token in fences for number in range(*(token.map or (0, 0)))}
    # A paragraph ends at a blank line, and so do code spans and tags.
    numbered = groupby(enumerate(lines), key=lambda item: (item[0] in code, not item[1].strip(" \t")))
    for (is_code, _), group in numbered:
        together = [line for _, line in group]
        if is_code:
            yield from together
        else:
            paragraph = _escaped("\n".join(together))
            starts = accumulate((len(line) + 1 for line in together), initial=0)
            for line, spans, start in zip(together, _spans_of(together), starts, strict=False):
                yield _line(line, spans, paragraph, start)


def _line(line: str, spans: list[Span], paragraph: str, offset: int = 0, *, whole: bool = True) -> str:
    """Sanitise a line that begins at `offset` of its paragraph, which more text may follow unless it is `whole`."""

    def escape(match: re.Match[str]) -> str:
        at = match.start(2)
        number = bisect_left(spans, (at,)) - 1  # of the last span that begins before
        if number >= 0 and at < spans[number][1]:
            return match[0]
        if match[2] == "<":
            begin = offset + at + 1
            after = paragraph[begin : begin + _WINDOW]
            ends = whole and begin + _WINDOW >= len(paragraph)
            if not _begins_html(after, ends=ends, formula=lambda: _FORMULA.search(line, 0, at)):
                return match[0]
        # A character that is escaped already must not become an escaped ampersand.
        backslashes = match[1][: len(match[1]) // 2 * 2]
        return backslashes + ("&lt;" if match[2] == "<" else "\\!")

    return _DANGER.sub(escape, line)


def _escaped(paragraph: str) -> str:
    """Write each "<" as an escaped one is read in tags: as a character that may only stand in a value."""
    return paragraph.replace("<", "&")


def _begins_html(after: str, *, ends: bool, formula: Callable[[], object]) -> bool:
    """Tell whether a "<" begins HTML or an autolink, by what stands after it.

    `ends` says that `after` ends with the paragraph, `formula` whether the start of a formula stands before the "<".
    """
    block = _BLOCK_NAME.match(after)
    # No block begins behind the start of a formula.
    if block and block[1].lower() in _BLOCK_NAMES and not formula():
        return True
    lenient = _LENIENT_TAG.match(after)
    if lenient and _ACTIVE.fullmatch(lenient[1]) and (len(lenient[1]) > 1 or "=" in (lenient[2] or "")):
        return True
    # In a quotation each line begins with marks, which do not belong to the tag.
    for text in (after, _QUOTE_MARKS.sub("\n", after)) if "\n" in after else (after,):
        if _OTHER_HTML.match(text) or (">" in text and (_AUTOLINK.match(text) or _HANDLER.match(text))):
            return True
        tag = _OPEN_TAG.match(text)
        if tag and (tag[1] or (not ends and _UNFINISHED.match(text, tag.end()))):
            return True
    return False


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
        number = 0
        while number < len(runs):
            opening = runs[number]
            closing = next((at for at in range(number + 1, len(runs)) if runs[at][0] == opening[0]), None)
            if closing is None:
                return None
            spans.append((opening.start(), runs[closing].end()))
            number = closing + 1
        start = end + 1
    return spans


def _is_open(fence: Token, lines: list[str]) -> bool:
    """Tell whether a fence is open at the end of the text; one in a list or a quotation ends there."""
    if fence.level or fence.map is None:
        return False
    start, end = fence.map
    closing = _FENCE_END.fullmatch(lines[end - 1]) if end - 1 > start else None
    return closing is None or not closing[1].startswith(fence.markup)
