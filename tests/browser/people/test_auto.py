"""`auto` on the page: chosen, named with its reason, explained, set, and asked about by a blind comparison."""

import pytest

from conversations.models import Comparison, Conversation, SelectionSettings
from tests.conversations.selection.helpers import CODE, vote

QUICK, STEADY = "openai/quick", "openai/steady?delay=0.01"


@pytest.fixture
def auto(page, ann):
    """Give the page with `auto` chosen, between two models."""

    def choose(votes):
        SelectionSettings.objects.create(user=ann, candidates=[QUICK, STEADY], default_model=STEADY)
        vote(ann, QUICK, STEADY, votes)
        page.choose("Auto")
        return page

    return choose


def test_the_answer_names_its_model_and_says_why(auto):
    page = auto(votes=8)
    page.say(CODE)
    page.answered()
    assert page.text(".author-name") == "Quick"
    page.shows("Chosen by your 8 votes, for prompts like this one (code).", ".chosen")
    assert page.text(".composer .model-name") == "Auto"
    page.click(".chosen .link")
    page.wait("document.querySelectorAll('.candidates tbody tr').length === 2")
    page.shows("Quick is the likeliest", "dialog")
    page.press("Escape")
    page.visit(page.run("location.href"), "document.querySelector('.composer .model-name')?.innerText === 'Auto'")
    page.say("And once more.")
    page.answered(2)
    assert Conversation.objects.get().message_count == 4


def test_with_few_votes_it_says_so_and_one_click_compares_blind(auto):
    page = auto(votes=0)
    page.fill(".composer textarea", CODE)
    page.click(".composer .link", "Who would answer?")
    page.shows("5 votes are missing", "dialog")
    page.press("Escape")
    page.wait("!document.querySelector('dialog')")
    page.click(".send")
    page.answered()
    assert page.text(".author-name") == "Steady"
    page.shows("too few for a choice, so this is your default model", ".chosen")
    page.click(".chosen .button")
    page.wait("!!document.querySelector('.votes')")
    assert page.run("location.pathname") == f"/compare/{Comparison.objects.get().pk}"
    row = Comparison.objects.get()
    assert (row.prompt, row.blind, row.revealed) == (CODE, True, False)
    assert sorted(row.results.values_list("model", flat=True)) == ["quick", "steady?delay=0.01"]


def test_nothing_to_choose_from_leads_to_the_settings(page, settings):
    page.expected = ("409", "Failed to load resource")
    page.choose("Auto")
    SelectionSettings.objects.create(user_id=page.user.pk, candidates=["openai/none"])
    settings.SYSTEM_API_KEYS = {}
    page.say("hello")
    page.shows("There is no model to choose", ".trouble")
    page.click(".trouble a")
    page.wait("location.pathname === '/settings/selection'")


def test_the_settings_are_sentences(page):
    page.visit(f"{page.url}/settings/selection", "!!document.querySelector('[name=cents_for_better]')")
    page.fill("[name=cents_for_better]", "0.5")
    page.click(".slot.add")
    page.wait("document.activeElement.getAttribute('role') === 'combobox'")
    page.type("Quick")
    page.wait("document.querySelectorAll('.option').length === 1")
    page.press("Enter")
    page.shows("Quick", ".slots")
    page.choose("Steady", ".sentence .model-button")
    page.click(".button.primary")
    page.shows("The settings of Auto are stored.", ".toasts")
    row = SelectionSettings.objects.get()
    assert (row.cents_for_better, row.seconds_for_better, row.candidates, row.default_model) == (
        *(0.5, None),
        ["openai/quick"],
        STEADY,
    )
    page.click("form .button", "As at the beginning")
    page.wait("document.querySelector('[name=cents_for_better]').value === ''")
    assert not SelectionSettings.objects.exists()
