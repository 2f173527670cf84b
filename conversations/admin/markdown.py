"""What users and models wrote, as HTML that neither runs nor loads anything, however hostile it is.

Raw HTML stays text, images become links, and links lead to web pages and mail only. What the renderer makes of it
passes a sanitiser that knows nothing of the renderer: two walls.
"""

import re

import nh3
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

RENDERED = 20_000  # characters; a longer text is shown as it was written

_TAGS = {"h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote"}
_TAGS |= {"ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "a"}
_SCHEMES = {"http", "https", "mailto"}
_LINK = re.compile(rf"(?:{'|'.join(sorted(_SCHEMES))}):", re.IGNORECASE)

_parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"]).disable("image")
_parser.validateLink = lambda url: _LINK.match(url) is not None  # type: ignore[method-assign]  # as its manual says


def rendered(text: str) -> SafeString:
    """Return a text as safe HTML: its Markdown rendered, or the text itself when it is very long."""
    if len(text) > RENDERED:
        return format_html('<pre class="plain">{}</pre>', text)
    clean = nh3.clean(
        _parser.render(text),
        tags=_TAGS,
        attributes={"a": {"href"}, "ol": {"start"}},
        url_schemes=_SCHEMES,
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(f'<div class="markdown">{clean}</div>')  # noqa: S308  # sanitised in the line before
