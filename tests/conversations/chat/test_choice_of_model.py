"""Which model answers: names that no provider has, another provider in a conversation, and retries by another model."""

import pytest

from conversations.models import Conversation, Message
from models_registry.models import LLMModel
from tests.helpers import conversation, events, invalid

pytestmark = pytest.mark.django_db(transaction=True)

CHAT = "/api/v1/chat"
BY_ECHO = {"provider": "echo", "model": "echo-fast"}


@pytest.fixture
def row(ann, openai):
    return conversation(ann, messages=2)


def retry(api, row, **body):
    question = Message.objects.filter(conversation=row, role="user").latest("created_at")
    return api.post(f"/api/v1/messages/{question.pk}/retry", body)


def chosen(row):
    row.refresh_from_db()
    return row.provider, row.model


@pytest.mark.parametrize("path", [CHAT, f"{CHAT}/stream", "/api/v1/conversations"])
def test_a_name_that_the_echo_lacks_is_not_found_before_anything_is_stored(ann, api, echo, path):
    body = {"provider": "echo", "model": "echo-fats"} | ({"message": "hi"} if "chat" in path else {})
    response = api.post(path, body)
    assert (response.status_code, response.json()["error"]) == (404, "not_found")
    assert response.json()["details"] == {
        "provider": "echo",
        "model": "echo-fats",
        "nearest": ["echo-fast", "echo-slow"],
    }
    assert not Conversation.objects.exists()


def test_the_echo_has_its_models_whether_or_not_the_registry_lists_them(ann, api, echo):
    assert api.post(CHAT, {**BY_ECHO, "message": "hi"}).status_code == 200
    LLMModel.objects.create(provider=echo, model_id="echo-loud", name="Echo Loud", source="staff")
    assert api.post(CHAT, {"provider": "echo", "model": "echo-loud", "message": "hi"}).status_code == 404


@pytest.mark.parametrize("how", ["chat", "retry"])
def test_another_provider_needs_a_model_of_its_own(api, row, echo, how):
    if how == "retry":
        response = retry(api, row, provider="echo")
    else:
        response = api.post(CHAT, {"conversation_id": str(row.pk), "provider": "echo", "message": "hi"})
    expected = invalid(model=f"Name a model of echo: it does not know {row.model}.")
    assert (response.status_code, response.json()) == (400, expected)
    assert (chosen(row), Message.objects.count()) == (("openai", row.model), 2)


def test_another_provider_that_has_the_same_model_answers(api, row, anthropic, stub):
    assert retry(api, row, provider="anthropic").status_code == 200
    assert chosen(row) == ("anthropic", row.model)


def test_a_retry_by_another_model_makes_it_that_of_the_conversation(api, row, echo):
    assert retry(api, row, **BY_ECHO).status_code == 200
    assert chosen(row) == ("echo", "echo-fast")


def test_a_retry_that_fails_leaves_the_model_of_the_conversation(api, row):
    before = chosen(row)
    assert retry(api, row, provider="openai", model="stub?status=400").status_code == 502
    assert chosen(row) == before


@pytest.mark.parametrize("streamed", [False, True])
def test_the_id_of_the_question_stays_over_retries(api, row, streamed):
    """An answer has a new id after each retry, so its question's is the one to retry by."""
    asked = {"conversation_id": str(row.pk), "message": "hi", "provider": "openai", "model": "stub?status=400"}
    question = api.post(CHAT, asked).json()["details"]["question_id"]
    for _ in range(2):
        path = f"/api/v1/messages/{question}/retry"
        body = {"provider": "openai", "model": "stub"}
        answer = events(api.post(f"{path}/stream", body))[-1] if streamed else api.post(path, body).json()
        assert answer["question_id"] == question
    assert api.delete(f"/api/v1/messages/{question}").status_code == 204
