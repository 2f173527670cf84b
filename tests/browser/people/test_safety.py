"""Nothing that a model, or whoever writes a title, puts into a conversation runs or is fetched."""

from pathlib import Path
from urllib.parse import urlsplit

from conversations.models import Message
from tests.conversations.comparisons import comparison
from tests.helpers import conversation

FOLDER = Path(__file__).parent
HOSTILE = (FOLDER / "hostile.md").read_text()
HARMLESS = (FOLDER / "harmless.js").read_text()
ATTACK = '<img src=x onerror="window.ran = 99">'


def hosts(page):
    """Name the hosts that the page asked for anything."""
    asked = [each["params"]["request"]["url"] for each in page.events if each["method"] == "Network.requestWillBeSent"]
    return {urlsplit(url).hostname for url in asked if not url.startswith(("data:", "blob:"))}


def harmless(page):
    """Check that nothing ran, nothing was fetched elsewhere, and no link leads to a script."""
    assert page.run("window.ran") is None
    assert hosts(page) == {urlsplit(page.url).hostname}
    assert page.run("location.href").startswith(page.url)
    assert page.run(HARMLESS) == []
    assert page.run("window.ran") is None


def test_a_stored_conversation(page, ann):
    row = conversation(ann, messages=4, title=ATTACK)
    Message.objects.filter(conversation=row).update(content=HOSTILE, reasoning=HOSTILE)
    page.visit(f"{page.url}/chat/{row.pk}", "document.querySelectorAll('.answer .prose .code').length >= 2")
    page.wait("document.querySelectorAll('.formula.drawn').length > 0")
    assert page.text(".head-title") == ATTACK
    harmless(page)
    assert page.count(".image-link") > 0
    page.expected = ("Failed to load resource",)


def test_a_stream_in_pieces(page):
    page.choose("Quick")
    page.say(HOSTILE)
    page.answered()
    page.wait("document.querySelectorAll('.formula.drawn').length > 0")
    harmless(page)


def test_a_comparison_and_a_search(page, ann):
    row = comparison(ann, "openai/quick", "echo/echo-fast", prompt=ATTACK, preferred_index=0, analysis=HOSTILE)
    row.results.update(response=HOSTILE, reasoning=HOSTILE)
    page.visit(f"{page.url}/compare/{row.pk}", "document.querySelectorAll('.column .code').length >= 4")
    page.wait("document.querySelectorAll('.formula.drawn').length > 0")
    harmless(page)
    chat = conversation(ann, title=f"{ATTACK} needle")
    page.visit(f"{page.url}/chat/{chat.pk}", "document.querySelectorAll('.side-row').length === 1")
    page.fill(".side-search input", "needle")
    page.wait("document.querySelector('.side-row mark') !== null")
    harmless(page)
