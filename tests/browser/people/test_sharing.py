"""Sharing a conversation from its menu, reading it without an account, and revoking the link."""

from conversations.models import Share
from tests.browser.people import Page
from tests.helpers import eventually


def test_a_link_is_made_read_and_revoked(page):
    page.choose("Quick")
    page.say("Is **this** shared?")
    page.answered()
    page.click("header.head [aria-haspopup]")
    page.click("[role=menuitem]", "Share")
    page.wait("!!document.querySelector('dialog[open] [name=follow]')")
    page.run("document.querySelector('dialog [name=follow]').click()")
    page.click("dialog button", "Make a link")
    url = page.wait("document.querySelector('dialog li input').value")
    assert eventually(lambda: Share.objects.filter(follow=True).count() == 1)
    with Page() as reader:  # whose sandbox allows our styles
        reader.visit(url, "document.querySelectorAll('.shared-message').length === 2")
        assert reader.run("document.querySelector('.shared-message.user strong').innerText") == "this"
        assert reader.run("getComputedStyle(document.body).fontFamily.length > 10")
        page.click("dialog button", "Revoke")
        page.wait("document.querySelectorAll('dialog li').length === 0")
        reader.visit(url, "document.body.innerText.includes('This link shows nothing')")
    assert not Share.objects.exists()
