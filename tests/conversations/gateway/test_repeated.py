"""An `Idempotency-Key` below /v1: the same request twice gets one answer, in each protocol."""

import threading

import httpx2
import pytest

from conversations.models import Conversation, Message
from tests.conversations.gateway.helpers import FUNCTION, TOOL, completion, response_of, scripted, user
from tests.helpers import eventually

pytestmark = pytest.mark.django_db(transaction=True)

PATHS = ("chat/completions", "messages", "responses")
EACH_PATH = pytest.mark.parametrize("path", PATHS)
EACH_PROVIDER = pytest.mark.parametrize("provider", ["openai", "anthropic"])
FUNCTIONS = {
    "chat/completions": TOOL,
    "responses": FUNCTION,
    "messages": {"name": "weather", "input_schema": {"type": "object"}},
}


@pytest.fixture
def post(live_server, token, openai, anthropic):
    def post(path, model, *, key="one", text="Hello", **more):
        asked = {"input": text} if path == "responses" else {"messages": [user(text)]}
        asked |= {"max_tokens": 99} if path == "messages" else {}
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        return httpx2.post(f"{live_server.url}/v1/{path}", json={"model": model, **asked, **more}, headers=headers)

    return post


def code_of(answer):
    error = answer.json()["error"]
    return answer.status_code, error.get("code", error["type"])


@EACH_PATH
@EACH_PROVIDER
def test_twice(post, stub, path, provider):
    model = scripted(provider, reply="Let me see.", tool="weather", arguments='{"city":"Rome"}')
    first, second = (post(path, model, tools=[FUNCTIONS[path]]) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert len(stub.requests) == 1
    assert Conversation.objects.get().message_count == 2
    assert [answer.headers.get("idempotency-replayed") for answer in (first, second)] == [None, "true"]
    for name in ("x-conversation-id", "x-llmselect-model"):
        assert first.headers[name] == second.headers[name]
    assert said(path, first.json()) == said(path, second.json()) == ("Let me see.", "weather", 1)


def said(path, body):
    """Read the text, the name of the tool, and the number of tokens sent."""
    if path == "chat/completions":
        answer = completion(body)
        message = answer.choices[0].message
        return message.content, message.tool_calls[0].function.name, answer.usage.prompt_tokens
    if path == "responses":
        answer = response_of(body)
        return answer.output_text, answer.output[-1].name, answer.usage.input_tokens
    text, called = body["content"]
    return text["text"], called["name"], body["usage"]["input_tokens"]


def test_what_was_translated_is_the_same_again(post):
    for path in ("chat/completions", "responses"):
        first, second = (post(path, scripted("anthropic", reply="Fine."), key=path).json() for _ in range(2))
        assert {**first, "output": []} == {**second, "output": []}
    first, second = (post("messages", scripted("openai", reply="Fine.")).json() for _ in range(2))
    assert first == second


@EACH_PATH
def test_another_body(post, stub, path):
    post(path, scripted("openai", reply="Fine."))
    assert code_of(post(path, scripted("openai", reply="Fine."), text="Bye"))[0] == 422
    assert len(stub.requests) == 1


def test_a_key_is_for_one_endpoint(post, stub):
    for path in PATHS:
        assert post(path, scripted("openai", reply="Fine.")).status_code == 200
    assert len(stub.requests) == 3


def test_at_the_same_time(post, stub):
    model = scripted("openai", reply="Fine.", first=0.8)
    found = []
    thread = threading.Thread(target=lambda: found.append(post("responses", model)))
    thread.start()
    assert eventually(lambda: stub.requests)
    second = post("responses", model)
    thread.join()
    assert code_of(second) == (409, "in_progress")
    assert "x-should-retry" not in second.headers
    assert second.headers["retry-after"] == "1"
    assert found[0].status_code == post("responses", model).status_code == 200
    assert len(stub.requests) == 1


def test_a_failure_is_tried_anew(post, stub):
    model = scripted("openai", reply="Fine.", status=429, fail=1, id="anew")
    assert [post("responses", model).status_code for _ in range(3)] == [429, 200, 200]
    kept = Message.objects.order_by("created_at", "id").values_list("role", "content")
    assert list(kept) == [("user", "Hello"), ("assistant", ""), ("assistant", "Fine.")]
    assert len(stub.requests) == 2


def test_a_deleted_answer_stays_spent(post, stub):
    post("responses", scripted("openai", reply="Fine."))
    Message.objects.filter(role="assistant").delete()
    assert post("responses", scripted("openai", reply="Fine.")).status_code == 404
    Conversation.objects.all().delete()
    assert post("responses", scripted("openai", reply="Fine.")).status_code == 404
    assert len(stub.requests) == 1


@EACH_PATH
@pytest.mark.parametrize("more", [{"stream": True}, {"store": False}], ids=["stream", "store"])
def test_what_cannot_be_repeated_is_refused(post, stub, path, more):
    answer = post(path, scripted("openai"), **more)
    assert code_of(answer) == (400, "invalid_request_error" if path == "messages" else "invalid")
    assert "Idempotency-Key" in answer.text or "leave the header out" in answer.text
    assert not stub.requests


@EACH_PATH
def test_a_key_that_is_none(post, path):
    assert post(path, scripted("openai"), key="a b").status_code == 400
