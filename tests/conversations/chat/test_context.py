"""`context` of chats and retries: what is left out of a long conversation, and what no model can hold."""

import pytest

from conversations.models import Conversation, Message
from models_registry.models import LLMModel
from tests.helpers import conversation, error, events

pytestmark = pytest.mark.django_db(transaction=True)

CHAT, STREAM = "/api/v1/chat", "/api/v1/chat/stream"
WORDS = "word" * 100  # a hundred tokens as they are estimated
LAST_RETRY = {"context": "auto"}
LAST = {"message": "so?", "context": "auto"}


@pytest.fixture
def window(openai):
    """Give the model a context window of so many tokens."""

    def make(tokens, max_output=None):
        LLMModel.objects.filter(model_id="stub").update(context_window=tokens, max_output_tokens=max_output)

    return make


@pytest.fixture
def row(ann, openai):
    """Make a conversation of four pairs of 200 tokens and the marks around the turns."""
    row = conversation(ann, messages=8)
    for message in Message.objects.all():
        Message.objects.filter(pk=message.pk).update(content=f"{message.content[-1]}{WORDS[1:]}")
    return row


def told(stub):
    return [(message["role"], message["content"][0]) for message in stub.requests[-1].body["messages"]]


def ask(api, row, **change):
    return api.post(CHAT, {**LAST, "conversation_id": str(row.pk), **change})


def test_the_oldest_pairs_are_left_out(api, row, window, stub):
    window(700, max_output=100)  # 540 tokens are left for questions and answers
    response = ask(api, row)
    assert (response.status_code, response.json()["context"]) == (200, {"dropped_messages": 4})
    assert told(stub) == [("user", "4"), ("assistant", "5"), ("user", "6"), ("assistant", "7"), ("user", "s")]
    assert Message.objects.count() == 10


def test_the_system_prompt_and_the_question_are_always_sent(api, row, window, stub):
    window(150)
    Conversation.objects.update(system="S" * 300)
    response = ask(api, row, message="q" * 200)
    assert response.json()["context"] == {"dropped_messages": 8}
    assert told(stub) == [("system", "S"), ("user", "q")]


def test_room_for_the_answer_is_kept(api, row, window, stub):
    window(1_000)
    assert ask(api, row, max_tokens=550).json()["context"] == {"dropped_messages": 6}
    assert told(stub) == [("user", "6"), ("assistant", "7"), ("user", "s")]


def test_nothing_is_left_out_that_fits(api, row, window, stub):
    window(10_000)
    assert ask(api, row).json()["context"] == {"dropped_messages": 0}
    assert len(told(stub)) == 9


@pytest.mark.parametrize("tokens", [None, 0])
def test_without_a_known_window_everything_is_sent(api, row, window, stub, tokens):
    window(tokens)
    assert ask(api, row).json()["context"] == {"dropped_messages": 0}
    assert ask(api, row, model="unregistered", provider="openai").json()["context"] == {"dropped_messages": 0}
    assert len(told(stub)) == 11


def test_full_sends_everything_that_may_fit(api, row, window, stub):
    window(500)  # 821 tokens by the estimate
    body = {"conversation_id": str(row.pk), "message": "so?"}
    assert api.post(CHAT, body).json()["context"] == {"dropped_messages": 0}
    assert len(told(stub)) == 9


def test_a_stream_says_so_at_its_end(api, row, window, stub):
    window(700, max_output=100)
    received = events(api.post(STREAM, {**LAST, "conversation_id": str(row.pk)}))
    assert (received[-1]["event"], received[-1]["context"]) == ("done", {"dropped_messages": 4})


def test_a_retry_leaves_out_as_a_chat_does(api, row, window, stub):
    window(700, max_output=100)
    path = f"/api/v1/messages/{Message.objects.latest('created_at').pk}/retry"
    assert api.post(path, {"context": "auto"}).json()["context"] == {"dropped_messages": 2}
    assert told(stub) == [("user", "2"), ("assistant", "3"), ("user", "4"), ("assistant", "5"), ("user", "6")]
    received = events(api.post(f"/api/v1/messages/{Message.objects.latest('created_at').pk}/retry/stream", LAST_RETRY))
    assert received[-1]["context"] == {"dropped_messages": 2}


def test_a_repeated_request_says_what_the_first_one_did(api, row, window, stub):
    window(700, max_output=100)
    send = lambda: api.post(  # noqa: E731
        CHAT, {**LAST, "conversation_id": str(row.pk)}, headers={"Idempotency-Key": "k"}
    )
    first, second = send(), send()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.json() == first.json()
    assert first.json()["context"] == {"dropped_messages": 4}


# What does not fit


@pytest.mark.parametrize("path", [CHAT, STREAM])
@pytest.mark.parametrize("context", ["full", "auto"])
def test_a_question_that_no_window_holds(api, window, stub, path, context):
    window(4_096)
    body = {"provider": "openai", "model": "stub", "message": "word" * 15_000, "context": context}
    response = api.post(path, body)
    message = "The question has about 15,004 tokens, and the model holds 4,096. Shorten it."
    expected = error("context_length_exceeded", message, {"prompt_tokens": 15_004, "context_window": 4_096})
    assert (response.status_code, response.json()) == (413, expected)
    assert (stub.requests, Conversation.objects.count()) == ([], 0)


def test_it_leaves_a_conversation_as_it_was(api, row, window, stub):
    window(1_000)
    assert ask(api, row, message="word" * 2_000).status_code == 413
    assert (Message.objects.count(), Conversation.objects.get().message_count) == (8, 8)
    assert ask(api, row).status_code == 200


def test_a_conversation_that_no_window_holds(api, row, window, stub):
    window(400)
    response = api.post(CHAT, {"conversation_id": str(row.pk), "message": "so?"})
    message = (
        "The conversation has about 837 tokens, and the model holds 400."
        " Send `context: auto` to leave out its oldest messages."
    )
    expected = error("context_length_exceeded", message, {"prompt_tokens": 837, "context_window": 400})
    assert (response.status_code, response.json()) == (413, expected)
    assert ask(api, row).status_code == 200


def test_a_doubtful_question_is_left_to_the_provider(api, window, stub):
    window(4_096)
    body = {"provider": "openai", "model": "stub", "message": "word" * 5_000}
    assert api.post(CHAT, body).status_code == 200
    assert api.post(CHAT, {**body, "context": "auto"}).status_code == 200
    assert len(stub.requests) == 2


@pytest.mark.parametrize("value", [None, "", "AUTO", "none", 1, True, [], {}], ids=repr)
def test_what_is_no_context(api, openai, stub, value):
    body = {"provider": "openai", "model": "stub", "message": "hi", "context": value}
    response = api.post(CHAT, body)
    assert (response.status_code, list(response.json()["details"])) == (400, ["context"])
