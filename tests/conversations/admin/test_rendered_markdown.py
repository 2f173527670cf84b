"""What was said is rendered in the admin: well-meant Markdown as it is meant, hostile text as nothing but text."""

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations.admin.markdown import RENDERED, rendered

ALLOWED = {"div", "h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote"}
ALLOWED |= {"ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "a"}
ATTRIBUTES = {("div", "class"), ("pre", "class"), ("a", "href"), ("a", "rel"), ("ol", "start")}

PIECES = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![](https://x.example/a.png)",
    "[a](javascript:b)",
]
PIECES += [
    "<",
    ">",
    '"',
    "'",
    "&",
    "\n",
    "\n\n",
    "`",
    "```",
    "    ",
    "[",
    "](",
    ")",
    "!",
    "data:text/html,<b>",
    "|",
    "---",
]
PIECES += [
    "<https://x.example>",
    "<javascript:x>",
    "&lt;",
    "\\",
    "* ",
    "1. ",
    "> ",
    "# ",
    "style=",
    "\0",
    "\u202e",
    "<svg/onload=x>",
]


class Strict(HTMLParser):
    """Collects every tag and attribute that is not allowed, and every address that leads elsewhere than to a page."""

    def __init__(self):
        super().__init__()
        self.wrong = []

    def handle_starttag(self, tag, attrs):
        if tag not in ALLOWED:
            self.wrong.append(tag)
        for name, value in attrs:
            if (tag, name) not in ATTRIBUTES:
                self.wrong.append((tag, name))
            if name == "href" and not re.match("https?://|mailto:", value or "", re.IGNORECASE):
                self.wrong.append(value)

    handle_startendtag = handle_starttag


def wrong(html):
    parser = Strict()
    parser.feed(str(html))
    parser.close()
    return parser.wrong


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_nothing_gets_through(written):
    assert wrong(rendered(written)) == []


def test_the_parser_sees_something():
    assert wrong('<img src=x onerror=y><a href="javascript:z">') == [
        "img",
        ("img", "src"),
        ("img", "onerror"),
        "javascript:z",
    ]


def test_what_is_meant_well():
    html = str(
        rendered(
            "# Title\n\n**bold** `x < y` ~~no~~ [page](https://example.org)\n\n| a |\n|---|\n| 1 |\n\n```py\nz\n```"
        )
    )
    for part in (
        "<h1>Title</h1>",
        "<strong>bold</strong>",
        "<code>x &lt; y</code>",
        "<s>no</s>",
        "<td>1</td>",
        "<pre><code>z\n",
    ):
        assert part in html
    assert '<a href="https://example.org" rel="noopener noreferrer nofollow">page</a>' in html


@pytest.mark.parametrize(
    "address", ["/admin/logout/", "//elsewhere.example", "ftp://x", "data:text/html,x", "vbscript:x"]
)
def test_links_lead_to_pages_only(address):
    assert "<a " not in rendered(f"[x]({address})")


def test_a_very_long_text_is_shown_as_it_is():
    html = rendered("<b>" * RENDERED)
    assert wrong(html) == []
    assert html.startswith('<pre class="plain">&lt;b&gt;')


@pytest.mark.parametrize(
    "piece", ["*", "_", "[", "`a", "> ", "![", "<", "- ", "| a ", "**a ", "[a](", "\n\n    ", "~~a", "1. "]
)
def test_no_text_takes_long(piece):
    started = time.thread_time()
    rendered((piece * RENDERED)[:RENDERED])
    assert time.thread_time() - started < 5.0
