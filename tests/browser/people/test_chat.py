"""A chat from its first message to its deletion."""

from conversations.models import Conversation, Message
from tests.helpers import conversation, eventually, say


def test_a_message_is_answered_and_has_an_address(page, ann):
    page.choose("Quick")
    page.say("Say **this** again.")
    page.answered()
    row = Conversation.objects.get()
    assert page.run("location.pathname") == f"/chat/{row.pk}"
    assert page.run("document.querySelector('.answer strong').innerText") == "this"
    assert row.title == "Say **this** again."
    page.shows("Say this again.", ".head-title")
    assert page.text(".answer .figures").startswith("$")
    page.shows("Say this again.", ".side-row")
    assert page.run("document.querySelector('.composer textarea').value") == ""
    page.visit(page.run("location.href"), "!!document.querySelector('.answer strong')")
    assert page.count(".message") == 2


def test_stop_keeps_what_has_arrived_and_regenerate_replaces_it(page):
    page.choose("Slow")
    page.say("word")
    page.shows("wordword", ".answer")
    page.press("Escape")
    page.wait("!!document.querySelector('.answer .note')")
    assert eventually(lambda: Message.objects.filter(status="interrupted").count() == 1, 10)
    page.click("[aria-label='Regenerate with another model']")
    page.wait("document.activeElement.getAttribute('role') === 'combobox'")
    page.type("Quick")
    page.wait("document.querySelectorAll('.option').length === 1")
    page.press("Enter")
    page.wait(
        "document.querySelector('.author-name').innerText === 'Quick' && !document.querySelector('.answer .note')"
    )
    page.answered()
    assert list(Message.objects.order_by("created_at").values_list("content", "model")) == [
        ("word", Message.objects.earliest("created_at").model),
        ("word", "quick"),
    ]


def test_an_interrupted_answer_is_continued_also_over_a_reload(page, ann):
    page.choose("Slow")
    page.say("word")
    page.shows("wordword", ".answer")
    page.press("Escape")
    page.wait("!!document.querySelector('.answer .note')")
    assert eventually(lambda: Message.objects.filter(status="interrupted").count() == 1, 10)
    begun = Message.objects.get(role="assistant")
    rest = "slow?delay=0.05&reply=one+two+three&chunks=100"
    Message.objects.filter(pk=begun.pk).update(content="It begins ", model=rest)
    page.visit(page.run("location.href"), "document.querySelector('.answer')?.innerText.includes('It begins')")
    page.click(".answer .tools .button")
    page.shows("It begins one two three", ".answer")
    page.visit(page.run("location.href"), "document.querySelector('.answer')?.innerText.includes('three')")
    assert Conversation.objects.get().running is not None
    assert page.count(".answer") == 1
    assert page.text(".answer .prose").startswith("It begins one two three")
    page.press("Escape")
    page.wait("!!document.querySelector('.answer .note')")
    assert Conversation.objects.get().running is None
    answer = Message.objects.get(role="assistant")
    assert (answer.pk, answer.status) == (begun.pk, "interrupted")
    assert page.text(".answer .prose") == answer.content.strip()


def test_a_reload_in_the_middle_goes_on_where_it_was(page, ann):
    page.choose("Slow")
    page.say("word")
    page.shows("wordword", ".answer")
    row = Conversation.objects.get()
    page.visit(page.run("location.href"), "document.querySelector('.answer')?.innerText.includes('wordwordword')")
    assert page.count(".answer") == 1
    assert Conversation.objects.get().running == row.running is not None
    page.press("Escape")
    page.wait("!!document.querySelector('.answer .note')")
    assert Conversation.objects.get().running is None
    answer = Message.objects.get(role="assistant")
    assert answer.status == "interrupted"
    assert page.run("document.querySelector('.answer .prose').innerText").strip() == answer.content


def test_the_last_question_is_edited_and_answered_again(page):
    page.choose("Quick")
    page.say("first wording")
    page.answered()
    page.run("document.querySelector('.question').focus()")
    page.click(".question [aria-label='Edit']")
    page.fill(".editing textarea", "second wording")
    page.press("Enter")
    page.shows("second wording", ".answer")
    page.answered()
    assert list(Message.objects.values_list("content", flat=True)) == ["second wording"] * 2


def test_a_draft_survives_a_reload_and_a_refusal(page):
    page.expected = ("500", "409", "Failed to load resource")
    page.fill(".composer textarea", "typed, not sent")
    page.visit(f"{page.url}/", "document.querySelector('.composer textarea')?.value === 'typed, not sent'")
    page.choose("Broken")
    page.click(".send")
    page.wait("!!document.querySelector('.trouble')")
    page.shows("The provider failed.", ".trouble")
    page.shows("typed, not sent", ".question")


def test_a_missing_key_leads_to_its_field(page, settings):
    page.expected = ("409", "Failed to load resource")
    page.choose("Quick")
    settings.SYSTEM_API_KEYS = {}
    page.say("hello")
    page.shows("There is no API key for openai.")
    assert page.run("document.querySelector('.composer textarea').value") == "hello"
    page.click(".trouble a")
    page.wait("document.activeElement.name === 'key' && location.pathname === '/settings/keys'")


def test_search_rename_export_and_delete(page, ann):
    for title in ("About rivers", "About mountains"):
        say(conversation(ann, title=title), f"{title} <b>& more</b>")
    page.visit(f"{page.url}/", "document.querySelectorAll('.side-row').length === 2")
    page.fill(".side-search input", "mountains")
    page.wait("document.querySelectorAll('.side-row').length === 1")
    page.wait("document.querySelector('.side-row mark').innerText.toLowerCase() === 'mountains'")
    page.click(".side-row a")
    page.shows("<b>& more</b>", ".messages")
    page.click(".head [aria-haspopup=menu]")
    export = page.wait(
        "[...document.querySelectorAll('.menu a')].find((each) => each.innerText.includes('Markdown')).href"
    )
    assert "# About mountains" in page.run(f"fetch({export!r}).then((response) => response.text())")
    page.click(".menu-item", "Rename")
    page.fill("dialog input", "Alps")
    page.press("Enter")
    page.wait("document.querySelector('.head-title').innerText === 'Alps'")
    page.click(".head [aria-haspopup=menu]")
    page.click(".menu-item", "Delete")
    page.click("dialog .danger")
    page.wait("location.pathname === '/'")
    assert list(Conversation.objects.values_list("title", flat=True)) == ["About rivers"]


def test_a_stream_goes_on_while_another_conversation_is_read(page, ann):
    conversation(ann, messages=2, title="Another one")
    page.visit(f"{page.url}/", "document.querySelectorAll('.side-row').length === 1")
    page.choose("Steady")
    page.say("one two three four five six seven eight nine ten " * 8)
    page.wait("location.pathname.startsWith('/chat/') && document.querySelectorAll('.side-row').length === 2")
    begun = page.run("location.pathname")
    page.click(".side-row a", "Another one")
    page.shows("message 1", ".messages")
    page.click(f"a[href='{begun}']")
    page.answered()
    assert Message.objects.filter(status="interrupted").count() == 0


def test_the_system_prompt_and_parameters_are_sent(page, stub):
    page.choose("Quick")
    page.click("[aria-label='System prompt and parameters']")
    page.fill("dialog [name=system]", "Be brief.")
    page.fill("dialog [name=temperature]", "0.5")
    page.click("dialog button.primary")
    page.say("hello")
    page.answered()
    body = stub.requests[-1].body
    assert (body["messages"][0]["content"], body["temperature"]) == ("Be brief.", 0.5)
