"""`context` of POST /chat and /chat/stream: what is left out when a conversation is too long for the model."""

import pytest

from conversations.models import Conversation, Message
from models_registry.models import LLMModel
from tests.helpers import conversation, events

pytestmark = pytest.mark.django_db

URL = "/api/v1/chat"
LONG = "x" * 400  # 100 tokens


@pytest.fixture
def row(ann, openai):
    """Make three pairs of some 200 tokens each, and a model that holds 600 tokens."""
    LLMModel.objects.update_or_create(
        provider=openai, model_id="stub", defaults={"name": "Stub", "context_window": 600, "max_output_tokens": 50}
    )
    row = conversation(ann, messages=6)
    Message.objects.filter(conversation=row).update(content=LONG)
    return row


def body(row, **change):
    return {"conversation_id": str(row.pk), "message": "next", **change}


def sent(stub):
    return [(message["role"], message["content"]) for message in stub.requests[-1].body["messages"]]


PAIR = [("user", LONG), ("assistant", LONG)]


def test_auto_leaves_out_the_oldest_pairs(api, row, stub):
    answer = api.post(URL, body(row, context="auto")).json()
    assert answer["context"] == {"dropped_messages": 2}
    assert sent(stub) == [*PAIR, *PAIR, ("user", "next")]
    assert Conversation.objects.get().message_count == 8


def test_a_stream_says_it_at_its_end(api, row, stub):
    done = events(api.post(f"{URL}/stream", body(row, context="auto")))[-1]
    assert (done["event"], done["context"]) == ("done", {"dropped_messages": 2})
    assert len(sent(stub)) == 5


@pytest.mark.parametrize("change", [{}, {"context": "full"}])
def test_all_is_sent_by_default(api, row, stub, change):
    answer = api.post(URL, body(row, **change)).json()
    assert "context" not in answer
    assert len(sent(stub)) == 7


def test_nothing_is_left_out_of_what_fits(api, row, stub):
    LLMModel.objects.update(context_window=10_000)
    assert api.post(URL, body(row, context="auto")).json()["context"] == {"dropped_messages": 0}
    assert len(sent(stub)) == 7


def test_the_limit_asked_for_is_kept_free(api, row, stub):
    assert api.post(URL, body(row, context="auto", max_tokens=500)).json()["context"] == {"dropped_messages": 6}
    assert sent(stub) == [("user", "next")]


def test_a_model_whose_window_is_unknown_gets_all(api, row, stub):
    LLMModel.objects.update(context_window=None)
    assert api.post(URL, body(row, context="auto")).json()["context"] == {"dropped_messages": 0}
    assert len(sent(stub)) == 7


@pytest.mark.parametrize("context", ["full", "auto"])
def test_a_question_that_no_window_could_hold(api, row, stub, context):
    response = api.post(URL, body(row, message="x" * 8000, context=context))
    assert (response.status_code, response.json()["error"]) == (413, "context_length_exceeded")
    assert response.json()["details"] == {"tokens": 2004, "limit": 600}
    assert (stub.requests, Message.objects.count()) == ([], 6)


def test_a_conversation_that_no_window_could_hold(api, row, stub):
    LLMModel.objects.update(context_window=250)
    assert api.post(URL, body(row)).json()["error"] == "context_length_exceeded"
    assert api.post(URL, body(row, context="auto")).json()["context"] == {"dropped_messages": 6}


@pytest.mark.parametrize("context", ["none", "", None, 1, [], True])
def test_what_is_neither(api, row, context):
    response = api.post(URL, body(row, context=context))
    assert (response.status_code, list(response.json()["details"])) == (400, ["context"])
