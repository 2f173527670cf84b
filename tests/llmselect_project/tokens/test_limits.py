"""What a token is limited to when models are called: which ones, and how often."""

import pytest

from conversations.models import Comparison, Conversation, Message
from tests.conversations.comparisons import comparison
from tests.helpers import client_for, client_with, conversation, error, events, token_for

pytestmark = pytest.mark.django_db(transaction=True)

API = "/api/v1"
CHAT = {"provider": "openai", "model": "stub", "message": "hi"}
REFUSED = error(
    "model_not_allowed", "This token may not use anthropic/stub.", {"provider": "anthropic", "model": "stub"}
)
OTHER = {"provider": "anthropic", "model": "stub"}


@pytest.fixture
def holder(ann, openai, anthropic):
    """Make a client that may use one vendor's models."""
    return client_with(token_for(ann, allowed_models=["openai/*"]))


def refused(response):
    return (response.status_code, response.json()) == (403, REFUSED)


@pytest.mark.parametrize("path", ["chat", "chat/stream"])
def test_chats(holder, stub, path):
    assert refused(holder.post(f"{API}/{path}", {**CHAT, **OTHER}))
    assert not Conversation.objects.exists()
    assert stub.requests == []
    response = holder.post(f"{API}/{path}", CHAT)
    assert response.status_code == 200
    assert path == "chat" or events(response)[-1]["event"] == "done"


@pytest.mark.parametrize("path", ["chat", "chat/stream"])
def test_a_conversation_with_a_model_that_is_not_allowed_goes_on_with_another(holder, ann, path):
    row = conversation(ann, messages=2, **OTHER)
    continued = {"conversation_id": str(row.pk), "message": "again"}
    assert refused(holder.post(f"{API}/{path}", continued))
    assert Message.objects.count() == 2
    assert holder.post(f"{API}/{path}", {**continued, "provider": "openai", "model": "stub"}).status_code == 200


@pytest.mark.parametrize("path", ["compare", "compare/stream"])
def test_comparisons(holder, stub, path):
    own = {"provider": "openai", "model": "stub"}
    assert refused(holder.post(f"{API}/{path}", {"prompt": "hi", "models": [own, OTHER]}))
    assert not Comparison.objects.exists()
    assert stub.requests == []
    response = holder.post(f"{API}/{path}", {"prompt": "hi", "models": [own, own]})
    assert response.status_code == 200
    response.getvalue()


@pytest.mark.parametrize("path", ["retry", "retry/stream"])
def test_retries(holder, ann, path):
    row = conversation(ann, messages=2, **OTHER)
    url = f"{API}/messages/{row.messages.earliest('created_at').pk}/{path}"
    assert refused(holder.post(url, {}))
    response = holder.post(url, {"provider": "openai", "model": "stub"})
    assert response.status_code == 200
    response.getvalue()


def test_judges(holder, ann):
    url = f"{API}/comparisons/{comparison(ann).pk}/analyze"
    assert refused(holder.post(url, OTHER))
    assert holder.post(url, {"provider": "openai", "model": "stub"}).status_code == 200


def test_a_session_is_not_limited(holder, ann):
    assert client_for(ann).post(f"{API}/chat", {**CHAT, **OTHER}).status_code == 200


def told(response):
    return [int(response.headers[f"X-RateLimit-{name}"]) for name in ("Limit", "Remaining")]


def test_a_rate_of_its_own(ann, api, openai):
    first, second = (client_with(token_for(ann, name=name, rate_limit="2/minute")) for name in ("a", "b"))
    answers = [first.post(f"{API}/chat", CHAT) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [told(answer) for answer in answers] == [[2, 1], [2, 0], [2, 0]]
    assert answers[2].json()["error"] == "throttled"
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 60
    assert second.post(f"{API}/chat", CHAT).status_code == api.post(f"{API}/chat", CHAT).status_code == 200
    assert first.get(f"{API}/conversations").status_code == 200  # calls no model


def test_the_users_rate_counts_too(ann, api, openai, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "completion": "3/minute"}
    limited = client_with(token_for(ann, name="a", rate_limit="2/minute"))
    free = client_with(token_for(ann, name="b"))
    assert told(limited.post(f"{API}/chat", CHAT)) == [2, 1]
    assert told(free.post(f"{API}/chat", CHAT)) == [3, 1]
    assert told(limited.post(f"{API}/chat", CHAT))[1] == 0
    assert limited.post(f"{API}/chat", CHAT).status_code == 429  # by its own, so the user's is not counted
    for client in (free, api):
        response = client.post(f"{API}/chat", CHAT)
        assert (response.status_code, told(response)) == (429, [3, 0])


def test_a_new_rate_counts_from_the_next_request_on(ann, api, openai):
    token = token_for(ann, rate_limit="1/minute")
    holder = client_with(token)
    assert [holder.post(f"{API}/chat", CHAT).status_code for _ in range(2)] == [200, 429]
    pk = api.get(f"{API}/tokens").json()["results"][0]["id"]
    api.patch(f"{API}/tokens/{pk}", {"rate_limit": None})
    assert holder.post(f"{API}/chat", CHAT).status_code == 200
