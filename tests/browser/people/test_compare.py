"""A comparison: blind, voted on, unveiled, judged, gone on with; and the arena that counts it."""

import pytest

from conversations.models import Comparison, Conversation
from models_registry.models import LLMModel
from tests.conversations.comparisons import comparison
from tests.helpers import eventually

NAMES = {"Quick", "Steady"}


@pytest.fixture
def compare(page):
    """Give the page with two models chosen."""
    page.visit(f"{page.url}/compare", "document.querySelectorAll('.slot .model-button').length === 2")
    page.choose("Quick", ".slot:nth-child(1) .model-button")
    page.choose("Steady", ".slot:nth-child(2) .model-button")
    return page


def names(page):
    return set(page.run("[...document.querySelectorAll('.column-name')].map((each) => each.innerText.split(/\\s/)[0])"))


def test_blind_vote_and_unveiling(compare, ann):
    compare.say("Which of you is faster?")
    compare.wait("!!document.querySelector('.votes')")
    assert names(compare) == {"Hidden"}
    assert compare.count(".measures") == 0
    shown = compare.text(".answers")
    assert not any(secret in shown for secret in ("Quick", "Steady", "openai", "$"))
    compare.run("document.activeElement.blur()")
    compare.press("2")
    compare.wait("!!document.querySelector('.column:nth-child(2).preferred')")
    assert names(compare) == NAMES
    assert compare.count(".measures") == 2
    row = Comparison.objects.get()
    assert (row.preferred_index, row.blind, row.revealed) == (1, True, True)
    compare.press("=")
    compare.wait("document.querySelectorAll('.preferred').length === 0")
    assert eventually(lambda: Comparison.objects.get().preferred_index is None)
    compare.press("x")
    compare.wait("document.querySelector('.vote.pressed').innerText.includes('All bad')")
    compare.click(".votes .link")
    compare.wait("document.querySelectorAll('.vote.pressed').length === 0")
    assert Comparison.objects.get().voted_at is None


def test_the_next_prompt_goes_to_the_same_models(compare):
    compare.click(".blind-switch input")
    for number, prompt in enumerate(("first prompt", "second prompt"), start=1):
        compare.say(prompt)
        compare.wait(f"document.querySelector('.head-title').innerText === {prompt!r}")
        compare.wait("!!document.querySelector('.votes')")
        assert names(compare) == NAMES
        compare.wait(f"document.querySelectorAll('.side-row').length === {number}")
    assert Comparison.objects.count() == 2


def test_the_models_of_an_earlier_comparison_are_asked_again(compare, ann):
    earlier = comparison(ann, "openai/steady?delay=0.01", "echo/echo-fast", preferred_index=0)
    compare.visit(f"{compare.url}/compare/{earlier.pk}", "!!document.querySelector('.votes')")
    placeholder = "document.querySelector('.composer textarea').placeholder"
    assert compare.run(placeholder) == "Write a prompt for all models"
    compare.click(".judgement .button", "Ask these models again")
    compare.wait(f"{placeholder} === 'Next prompt for the same models'")
    assert compare.run(
        "[...document.querySelectorAll('.slot .model-button')].map((each) => each.innerText.trim())"
    ) == [
        "Steady",
        "Echo Fast",
    ]
    assert "Ask these models again" not in compare.text(".judgement")


def test_going_on_with_an_answer_as_a_chat(compare, stub):
    compare.click(".blind-switch input")
    compare.say("A prompt for both.")
    compare.wait("document.querySelectorAll('.column-foot .button').length === 2")
    compare.click(".column-foot .button")
    compare.wait("document.querySelectorAll('.message').length === 2 && !location.pathname.startsWith('/compare')")
    compare.say("And more of it.")
    compare.answered(2)
    assert [each["content"] for each in stub.requests[-1].body["messages"]] == ["A prompt for both."] * 2 + [
        "And more of it."
    ]
    assert Conversation.objects.get().message_count == 4


def test_one_that_fails_does_so_alone(compare):
    compare.choose("Broken", ".slot:nth-child(1) .model-button")
    compare.click(".blind-switch input")
    compare.say("Who is there?")
    compare.shows("The provider failed.", ".answers")
    compare.shows("Fewer than two models answered", ".compared")
    assert compare.count(".column .trouble") == 1


def test_stop(compare, openai):
    LLMModel.objects.filter(name="Steady").update(model_id="slow?delay=0.05&chunks=600")
    compare.visit(f"{compare.url}/compare", "document.querySelectorAll('.slot .model-button').length === 2")
    compare.choose("Steady", ".slot:nth-child(2) .model-button")
    compare.say("word")
    compare.shows("wordwordword", ".answers")
    compare.press("Escape")
    compare.wait("!document.querySelector('.send[aria-label=Stop]')", 20)
    compare.shows("wordwordword", ".answers")


def test_a_reload_in_the_middle_goes_on_where_it_was_and_stays_blind(compare):
    LLMModel.objects.filter(name="Steady").update(model_id="slow?delay=0.05&chunks=600")
    compare.visit(f"{compare.url}/compare", "document.querySelectorAll('.slot .model-button').length === 2")
    compare.choose("Steady", ".slot:nth-child(2) .model-button")
    compare.say("word")
    compare.shows("wordwordword", ".answers")
    row = Comparison.objects.get()
    compare.visit(
        f"{compare.url}/compare/{row.pk}", "document.querySelector('.answers')?.innerText.includes('wordword')"
    )
    compare.wait("document.querySelectorAll('.column').length === 2")
    assert names(compare) == {"Hidden"}
    assert compare.count(".votes") == 0
    compare.press("Escape")
    compare.wait(
        "!!document.querySelector('.votes, .compared .note') && !document.querySelector('.send[aria-label=Stop]')"
    )
    assert names(compare) == {"Hidden"}
    first = "document.querySelector('.column .prose').innerText.trim()"
    responses = dict(row.results.values_list("index", "response"))
    assert compare.run(first) == responses[0]


def test_a_judge(compare):
    compare.say("Who is there?")
    compare.click(".judgement button")
    compare.wait("document.activeElement.getAttribute('role') === 'combobox'")
    compare.type("Quick")
    compare.wait("document.querySelectorAll('.option').length === 1")
    compare.press("Enter")
    compare.wait("!!document.querySelector('.judgement .prose')")
    assert Comparison.objects.get().analysis


def test_the_arena_and_where_its_figures_come_from(page, ann):
    for number in range(6):
        row = comparison(
            ann, "openai/quick", "echo/echo-fast", preferred_index=number % 3 and 0, prompt=f"number {number}"
        )
        row.results.update(cost="0.001", time=1.5, ttft=0.25)
    page.visit(f"{page.url}/arena", "document.querySelectorAll('.standings tbody tr').length === 2")
    assert page.count(".tradeoff svg circle") == 4
    assert page.count(".interval") == 2
    page.click(".matrix button")
    page.wait("document.querySelectorAll('.sources li').length === 6")
    page.click(".sources a")
    page.wait("location.pathname.startsWith('/compare/') && document.querySelectorAll('.column').length === 2")
