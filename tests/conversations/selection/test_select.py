"""POST /select: the explanation of a choice, for which nothing is called."""

import pytest

from conversations.models import Conversation, Message, SelectionSettings
from models_registry.models import LLMModel, UsageEntry
from tests.conversations.selection.helpers import CODE, PROSE, SELECT, named, vote
from tests.helpers import client_with, error, invalid, token_for

pytestmark = pytest.mark.django_db(transaction=True)

A, B, C = "openai/stub", "anthropic/stub", "openai/new"


@pytest.fixture
def chosen_from(ann, openai, anthropic):
    LLMModel.objects.create(provider=openai, model_id="new", name="New", context_window=100, vision=False, tools=True)
    row = SelectionSettings.objects.create(user=ann, candidates=[A, B, C])

    def change(**values):
        SelectionSettings.objects.filter(pk=row.pk).update(**values)

    return change


def select(api, message=CODE, **body):
    response = api.post(SELECT, {"message": message, **body})
    assert response.status_code == 200, response.content
    return response.json()


def candidate(body, name):
    return next(row for row in body["candidates"] if named(name) == {key: row[key] for key in ("provider", "model")})


def test_the_whole_payload(ann, api, chosen_from):
    vote(ann, A, B, 20, CODE)
    chosen_from(cents_for_better=1.0)
    body = select(api)
    first, second, unrated = body.pop("candidates")
    unrated_figures = dict.fromkeys(("score", "preference", "preference_low", "preference_high", "cost", "time"))
    assert unrated == {**named(C), "votes": 0, "probability": 0.0, **unrated_figures}
    assert {name: first[name] for name in ("provider", "model", "votes", "probability", "cost", "time")} == {
        **named(A),
        "votes": 20,
        "probability": 1.0,
        "cost": "0.005025",  # 10 tokens at 2.50 USD a million, and 500 at 10
        "time": None,
    }
    assert first["preference_low"] < first["preference"] < first["preference_high"]
    # Half of the cent that three wins of four are worth.
    assert first["preference"] - first["score"] == pytest.approx(173.72 * 1.0986 * 0.5025, abs=0.2)
    assert second["preference"] == -first["preference"]
    assert body == {
        **named(A),
        "reason": {
            "code": "votes",
            "message": f"By your 20 votes, for prompts like this one (code), it is worth more to you than {B} with a "
            "probability of 98%.",
        },
        "votes": 20,
        "votes_needed": 0,
        "category": "code",
        "excluded": [],
        "compare_suggested": {"models": [named(A), named(C)], "blind": True, "probability": None},
    }


def test_each_kind_of_prompts_has_its_own_choice(ann, api, chosen_from):
    vote(ann, A, B, 12, CODE)
    vote(ann, B, A, 12, PROSE)
    vote(ann, B, A, 12, "Write a toast for a birthday.")
    assert select(api, "Refactor this Python class.")["provider"] == "openai"
    assert select(api, "A toast for my brother's wedding.")["provider"] == "anthropic"


def test_what_costs_more_than_it_is_worth_is_not_chosen(ann, api, chosen_from, anthropic):
    vote(ann, A, B, 12)
    LLMModel.objects.filter(provider=anthropic).update(input_price=0, output_price=0)
    assert select(api)["provider"] == "openai"
    chosen_from(cents_for_better=0.01)
    assert select(api)["provider"] == "anthropic"


def test_time_counts_by_ones_own_history(ann, api, chosen_from):
    vote(ann, A, B, 12)
    row = Conversation.objects.create(user=ann, provider="openai", model="stub")
    for provider, seconds in (("openai", 30.0), ("anthropic", 1.0)):
        Message.objects.create(
            conversation=row, role="assistant", content="x", provider=provider, model="stub", time=seconds
        )
    vote(ann, A, B, 1)  # figures are read with the votes
    assert candidate(select(api), A)["time"] == 30
    assert select(api)["provider"] == "openai"
    chosen_from(seconds_for_better=1.0)
    assert select(api)["provider"] == "anthropic"


def test_models_that_cannot_take_the_request_are_excluded_with_the_reason(ann, api, chosen_from):
    body = select(api, "word " * 200, images=True)
    assert body["excluded"] == [{**named(C), "reason": "context_length_exceeded"}]
    assert select(api, images=True)["excluded"] == [{**named(C), "reason": "no_images"}]
    limited = client_with(token_for(ann, allowed_models=["anthropic/*"]))
    assert [row["reason"] for row in select(limited)["excluded"]] == ["model_not_allowed"] * 2


def test_without_a_list_all_models_with_a_key_are_candidates(ann, api, openai, anthropic, settings):
    assert len(select(api)["candidates"]) == 2
    settings.SYSTEM_API_KEYS = {"openai": "sk-test"}
    vote(ann, A, B, 1)
    assert [row["provider"] for row in select(api)["candidates"]] == ["openai"]


def test_a_vote_a_setting_and_a_model_count_at_once(ann, api, chosen_from, openai):
    assert (select(api)["votes"], select(api)["votes_needed"]) == (0, 5)
    vote(ann, A, B, 6)
    assert (select(api)["votes"], select(api)["votes_needed"]) == (6, 0)
    chosen_from(candidates=[A])
    assert len(select(api)["candidates"]) == 1
    assert select(api)["reason"]["code"] == "only_candidate"
    LLMModel.objects.filter(provider=openai, model_id="stub").update(enabled=False)
    response = api.post(SELECT, {"message": CODE})
    assert (response.status_code, response.json()["error"]) == (409, "no_candidate")


def test_nothing_is_called_stored_or_spent(api, chosen_from, stub):
    select(api)
    assert (stub.requests, Message.objects.count(), UsageEntry.objects.count()) == ([], 0, 0)


def test_the_same_request_has_the_same_answer(ann, api, chosen_from):
    vote(ann, A, B, 4)
    vote(ann, B, A, 3)
    assert select(api) == select(api)


@pytest.mark.parametrize("rows", [1, 100])
def test_no_queries_once_it_is_known(ann, api, chosen_from, django_assert_max_num_queries, rows):
    vote(ann, A, B, rows)
    select(api)
    with django_assert_max_num_queries(0):
        select(api)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({}, {"message": "Give exactly one of `message` and `messages`."}),
        ({"message": ""}, {"message": "This field may not be blank."}),
        ({"message": "x" * 100_001}, {"message": "Ensure this field has no more than 100000 characters."}),
        ({"message": "hi", "model": "auto"}, {"model": "Unknown field."}),
        (
            {"messages": [{"role": "assistant", "content": "hi"}]},
            {"messages": "The last message must be by the user."},
        ),
    ],
)
def test_what_is_refused(api, body, problem):
    response = api.post(SELECT, body)
    assert (response.status_code, response.json()) == (400, invalid(**problem))


def test_it_takes_a_login(visitor):
    response = visitor.post(SELECT, {"message": "hi"})
    expected = error("not_authenticated", "Authentication credentials were not provided.")
    assert (response.status_code, response.json()) == (401, expected)
