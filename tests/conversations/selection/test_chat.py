"""POST /chat and /chat/stream with `auto`."""

import pytest

from conversations.models import Conversation, Message, SelectionSettings
from models_registry.models import LLMModel, UsageEntry
from tests.conversations.selection.helpers import CHAT, CODE, SETTINGS, named, vote
from tests.helpers import client_with, error, events, invalid, token_for

pytestmark = pytest.mark.django_db(transaction=True)

AUTO = {"model": "auto", "message": CODE}
GOOD, OTHER = "openai/stub?reply=Good", "anthropic/stub?reply=Other"
BROKEN = "openai/stub?status=500"


@pytest.fixture
def listed(ann, openai, anthropic):
    """Have Ann choose from two models, and vote for the first one."""

    def choose_from(*names: str, votes: int = 20) -> None:
        SelectionSettings.objects.update_or_create(user=ann, defaults={"candidates": list(names)})
        vote(ann, names[0], names[1], votes)

    return choose_from


def selection(api, **body):
    response = api.post(CHAT, AUTO | body)
    assert response.status_code == 200, response.content
    return response.json()["selection"]


def test_the_model_that_votes_prefer_answers_and_is_named_with_the_reason(api, listed):
    listed(GOOD, OTHER)
    body = api.post(CHAT, AUTO).json()
    assert (body["response"], body["message"]["provider"]) == ("Good", "openai")
    assert body["selection"] == {
        **named(GOOD),
        "reason": {
            "code": "votes",
            "message": "By your 20 votes, for prompts like this one (code), it is worth more to you than "
            f"{OTHER} with a probability of 98%.",
        },
        "votes": 20,
        "category": "code",
        "failed": [],
        "compare_suggested": None,
    }


def test_without_votes_the_default_model_answers_and_it_is_said(api, listed):
    listed(GOOD, OTHER, votes=0)
    SelectionSettings.objects.update(default_model=OTHER)
    found = selection(api)
    assert (found["provider"], found["reason"]) == (
        "anthropic",
        {
            "code": "too_few_votes",
            "message": "You have 0 of the 5 votes that a choice takes, so this is your default model.",
        },
    )
    assert found["compare_suggested"] == {"models": [named(GOOD), named(OTHER)], "blind": True, "probability": None}


def test_the_suggested_comparison_runs_as_it_stands(api, listed):
    listed(GOOD, OTHER, votes=0)
    suggested = selection(api)["compare_suggested"]
    del suggested["probability"]
    response = api.post("/api/v1/compare", {"prompt": CODE, **suggested})
    assert response.status_code == 200, response.content
    assert [result["model"] for result in response.json()["results"]] == [None, None]


@pytest.mark.parametrize("streamed", [False, True])
def test_a_failure_before_the_first_piece_falls_to_the_next(ann, api, listed, streamed):
    listed(BROKEN, GOOD)
    if streamed:
        received = events(api.post(f"{CHAT}/stream", AUTO))
        assert [event["event"] for event in received] == ["start", "chunk", "done"]
        assert received[0]["selection"]["model"] == named(BROKEN)["model"]
        found = received[-1]["selection"]
    else:
        found = selection(api)
    assert (found["provider"], found["model"]) == ("openai", "stub?reply=Good")
    assert [(each["model"], each["error"]) for each in found["failed"]] == [("stub?status=500", "provider_error")]
    answer = Message.objects.get(role="assistant")
    assert (answer.content, answer.model, answer.selection) == ("Good", "stub?reply=Good", found)
    assert Conversation.objects.get().model == "stub?reply=Good"
    assert sorted(UsageEntry.objects.values_list("model", "errors")) == [("stub?reply=Good", 0), ("stub?status=500", 1)]


def test_when_all_fail_the_last_error_is_the_answer(api, listed):
    listed(BROKEN, "openai/stub?status=503")
    response = api.post(CHAT, AUTO)
    assert response.status_code == 502
    assert Message.objects.get(role="assistant").status == "error"
    assert UsageEntry.objects.count() == 2


def test_after_the_first_piece_there_is_no_other(api, listed):
    listed("openai/stub?reply=Half+an&broken=1", GOOD)
    received = events(api.post(f"{CHAT}/stream", AUTO))
    assert received[-1]["event"] in ("error", "done")
    assert Message.objects.filter(role="assistant").count() == 1


def test_a_repetition_by_its_key_gets_the_same_choice(api, listed):
    listed(GOOD, OTHER)
    first, again = (api.post(CHAT, AUTO, headers={"Idempotency-Key": "once"}) for _ in range(2))
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    assert UsageEntry.objects.count() == 1


def test_a_token_chooses_among_its_models_only(ann, listed):
    listed(GOOD, OTHER)
    api = client_with(token_for(ann, allowed_models=["anthropic/*"]))
    assert selection(api)["provider"] == "anthropic"
    nothing = client_with(token_for(ann, "other", allowed_models=["mistral/*"]))
    response = nothing.post(CHAT, AUTO)
    assert (response.status_code, response.json()["error"]) == (409, "no_candidate")
    assert Message.objects.filter(role="user").count() == 1


def test_a_budget_that_does_not_cover_one_falls_to_the_next(ann, api, listed, openai):
    LLMModel.objects.create(
        provider=openai, model_id="stub?reply=Dear", name="Dear", input_price="90000", output_price="90000"
    )
    LLMModel.objects.create(
        provider=openai, model_id="stub?reply=Cheap", name="Cheap", input_price="0.01", output_price="0.01"
    )
    listed("openai/stub?reply=Dear", "openai/stub?reply=Cheap")
    assert api.post("/api/v1/budgets", {"period": "day", "limit": "0.10"}).status_code == 201
    found = selection(api)
    assert found["model"] == "stub?reply=Cheap"
    assert [each["error"] for each in found["failed"]] == ["budget_exceeded"]


def test_a_conversation_goes_on_by_the_model_that_was_chosen_or_by_auto(api, listed):
    listed(GOOD, OTHER)
    started = api.post(CHAT, AUTO).json()["conversation_id"]
    again = api.post(CHAT, {"conversation_id": started, "message": "And backwards?"}).json()
    assert (again["message"]["model"], "selection" in again) == ("stub?reply=Good", False)
    assert selection(api, conversation_id=started)["model"] == "stub?reply=Good"
    retried = api.post(f"/api/v1/messages/{again['question_id']}/retry", {"model": "auto"})
    assert retried.status_code == 400  # no longer the last question
    last = Message.objects.filter(role="user").latest("created_at")
    assert api.post(f"/api/v1/messages/{last.pk}/retry", {"model": "auto"}).json()["selection"]["votes"] == 20


def test_somebody_else_has_other_votes(ann, bob_api, listed):
    listed(GOOD, OTHER)
    assert bob_api.get(SETTINGS).json()["models"] == []
    assert bob_api.post(CHAT, AUTO).json()["selection"]["votes"] == 0


def test_auto_of_a_provider_is_a_model_of_that_name(api, openai):
    response = api.post(CHAT, {"provider": "openai", "model": "auto", "message": "hi"})
    assert "selection" not in response.json()


def test_without_a_provider_other_names_are_still_refused(api):
    response = api.post(CHAT, {"model": "stub", "message": "hi"})
    assert (response.status_code, response.json()) == (400, invalid(provider="This field is required."))


def test_without_any_model_nothing_is_stored(api):
    response = api.post(CHAT, AUTO)
    message = (
        "There is no model to choose: none that you have a key for, that the token may use, and that can take this "
        "request. GET /api/v1/selection/settings shows what is chosen from."
    )
    assert (response.status_code, response.json()) == (409, error("no_candidate", message))
    assert not Conversation.objects.exists()
