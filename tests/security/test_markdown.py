"""Markdown exports: nothing that models write runs or loads when one is opened, and code stays code."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from conversations.history.sanitising import sanitise, sanitise_line
from conversations.models import Message
from tests.helpers import conversation

# A viewer that runs raw HTML, with tables and without.
VIEWERS = [MarkdownIt("commonmark", {"html": True}), MarkdownIt("commonmark", {"html": True}).enable("table")]


def raw_html(document):
    """Collect the raw HTML and images that viewers would show."""
    found = []
    for viewer in VIEWERS:
        for token in viewer.parse(document):
            children = [token, *(token.children or ())]
            found += [each.content for each in children if each.type in ("html_block", "html_inline", "image")]
    return found


@pytest.mark.parametrize(
    ("written", "exported"),
    [
        ("a <script>alert(1)</script>", "a &lt;script>alert(1)&lt;/script>"),
        ("<!-- a -->\n<?php ?>", "&lt;!-- a -->\n&lt;?php ?>"),
        ("![x](https://tracker.example/?q=secret)", "\\![x](https://tracker.example/?q=secret)"),
        ("1 < 2 and 3 <4 <- <= !important", "1 < 2 and 3 <4 <- <= !important"),
        ("Use `<div>` and ``a ` <b>``.", "Use `<div>` and ``a ` <b>``."),
        ("```html\n<div>\n```\n<div>", "```html\n<div>\n```\n&lt;div>"),
        ("1. so:\n   ~~~\n   <div>\n   ~~~\n<div>", "1. so:\n   ~~~\n   <div>\n   ~~~\n&lt;div>"),
        ("| a | b |\n|---|---|\n| `<p>` | <p> |", "| a | b |\n|---|---|\n| `<p>` | &lt;p> |"),
        ("a \\<b> and \\\\<b>", "a &lt;b> and \\\\&lt;b>"),
        ("`a\n<div>\n`", "`a\n&lt;div>\n`"),
        ("a ` b\nc ` <img> ` d", "a ` b\nc ` &lt;img> ` d"),
        ("| ` | <img> ` |", "| ` | &lt;img> ` |"),
        ("\\` <img> `", "\\` &lt;img> `"),
        ("    <div>", "    &lt;div>"),
        ("a\r<b>\r\nc", "a\n&lt;b>\nc"),
        ("```\nleft open", "```\nleft open\n```"),
        ("~~~~\n```\n~~~", "~~~~\n```\n~~~\n~~~~"),
        ("```\nclosed\n````", "```\nclosed\n````"),
        ("- ```\n  open in a list", "- ```\n  open in a list"),
        ("plain", "plain"),
        ("$x<y$ and $a>b$, $$i<n<m$$", "$x<y$ and $a>b$, $$i<n<m$$"),
        ("\\(x<y\\) \\[a<b \\text{ or } c\\]", "\\(x<y\\) \\[a<b \\text{ or } c\\]"),
        ("$$\nx<y\n$$", "$$\nx<y\n$$"),
        ("$x<p $ and $q<\\alpha$", "$x<p $ and $q<\\alpha$"),
        ("$x<y>z$", "$x&lt;y>z$"),
        ("<a x=<b>", "&lt;a x=&lt;b>"),
        ("> <a x=\n> y>", "> &lt;a x=\n> y>"),
        ("<a\n\xa0\nx>", "&lt;a\n\xa0\nx>"),
        ("<y$ onclick=alert(1)>", "&lt;y$ onclick=alert(1)>"),
        ("<y$@example.com>", "&lt;y$@example.com>"),
        ("<div\nx", "&lt;div\nx"),
        ("$x <script \\ src=//evil.example>$", "$x &lt;script \\ src=//evil.example>$"),
        ("$x<script \\le y$", "$x&lt;script \\le y$"),
        ("$x <a \\ href=javascript:alert(1)>b$", "$x &lt;a \\ href=javascript:alert(1)>b$"),
        ("$x<a \\le 1$, $b=c$", "$x<a \\le 1$, $b=c$"),
        ("Let $x<y$, $a=b$ and $c>d$.", "Let $x<y$, $a=b$ and $c>d$."),
        ("<a x='" + "y" * 3000 + "'>", "&lt;a x='" + "y" * 3000 + "'>"),
    ],
)
def test_what_is_written(written, exported):
    assert sanitise(written) == exported
    assert raw_html(exported) == []


def test_a_title():
    assert sanitise_line("# <b>`<b>`![") == "# &lt;b>`<b>`\\!["


PIECES = ["<img src=x>", "<script>", "</p>", "<!--", "-->", "![a](b)", "`", "``", "```", "~~~", "\n", "\n\n", "\\", "|"]
PIECES += [
    "<a",
    "<div",
    "</",
    ">",
    "/>",
    "=",
    " x=",
    "y",
    "$",
    "$$",
    "\\(",
    "<y$",
    "\xa0",
    "\n> ",
    "@",
    ":",
    "<a x=",
    "&",
]
PIECES += ["- ", "> ", "1. ", "    ", " ", "a", "|---|---|", "[a]: ", "'", '"', "# ", "---", "\t", "<https://a.b>", "<"]


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=25).map("".join), min_size=1, max_size=3))
def test_nothing_gets_through(written):
    """Messages one after the other, as they stand in a document."""
    document = "".join(f"\n## User\n\n{sanitise(text)}\n" for text in written)
    assert raw_html(document) == []


# Tags in pieces, which are put together by line ends, marks of quotations and escapes in between.
TAGS = ["<", "a", " ", "\n", "\n> ", "=", "x", "'", '"', ">", "/", "$", "`", ":", "@", "!--", "\\", "div", "\t", "."]


@settings(max_examples=1500, deadline=None, derandomize=True, database=None)
@given(
    st.lists(st.sampled_from(TAGS), max_size=14).map("".join), st.sampled_from(["", "> ", "- ", "$", "| a |\n|--|\n"])
)
def test_no_tag_is_put_together(written, start):
    assert raw_html(sanitise(start + written)) == []


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(st.text(alphabet="<abyn012$ =+-^_{}\\", max_size=40))
def test_formulas_without_tags_stay(formula):
    written = f"a ${formula}$"
    assert sanitise(written) == written


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_twice_is_once(written):
    once = sanitise(written)
    assert sanitise(once) == once


@pytest.mark.parametrize("unit", ["$x<y$", "<y", "$<b c", "<b c=", "`a`<b ", "<a x='", "`` ` ", "$a!["])
def test_a_long_text_takes_no_long_time(unit):
    start = time.thread_time()
    sanitise(unit * (100_000 // len(unit)))
    assert time.thread_time() - start < 5


ANSWER = """Sure! Here's how to center a `<div>`:

1. Give it a class, e.g. `<div class="box">`.
2. Add this style:

   ```css
   .box > p { margin: 0 auto; }
   ```

| tag | when a < b |
|-----|------------|
| `<p>` | always |

```html
<!DOCTYPE html>
<div class="box"><img src="cat.png"></div>
```

In C++ write `std::vector<int> v;` and `if (a<b && c>d)`; see <https://cppreference.com>.
"""


def test_a_real_answer_changes_in_nothing_but_its_autolink():
    assert sanitise(ANSWER) == ANSWER.replace("<https", "&lt;https")


@pytest.mark.django_db
def test_an_export(ann, api):
    row = conversation(ann, title="<b>T</b>", system="<i>", provider="openai")
    fields = {"conversation": row, "provider": "<u>", "model": "m"}
    for content in ("```\nopen", "```\n<img src=x onerror=alert(1)>\n```", "<svg onload=alert(1)>"):
        Message.objects.create(role="assistant", content=content, **fields)
    document = api.get(f"/api/v1/conversations/{row.pk}/export").getvalue().decode()
    assert raw_html(document) == []
    assert "```\n<img src=x onerror=alert(1)>\n```" in document
    assert len(re.findall("^## ", document, re.MULTILINE)) == 4
