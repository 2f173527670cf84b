"""POST /messages/{id}/continue and /continue/stream: an answer that was interrupted goes on where it stopped."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from conversations.chat import running
from conversations.chat.running import LostAnswers
from conversations.chat.turns import GO_ON
from conversations.models import Conversation, Message, RepeatableRequest
from models_registry.models import Provider, UsageEntry
from models_registry.spending.budgets.keeping import create_budget
from tests.helpers import (
    chunks,
    closing_connection,
    conversation,
    each_event,
    error,
    events,
    eventually,
    free_slots,
    invalid,
)

pytestmark = pytest.mark.django_db(transaction=True)

INTERRUPTED = {
    "status": "interrupted",
    "error": "interrupted",
    "error_message": "The answer was given up before it was complete.",
    "request_id": "r1",
    "metered": True,
    "prompt_tokens": 7,
    "completion_tokens": 3,
    "cost": Decimal("0.5"),
    "cost_source": "list",
    "time": 1.5,
    "ttft": 0.25,
    "finish_reason": None,
}


def url(message, action="/continue"):
    return f"/api/v1/messages/{message.pk}{action}"


def interrupted(user, text="one two ", *, model="stub?reply=three+four", provider="openai", **changes):
    """Make a conversation whose last answer broke off after a text; return that answer."""
    row = conversation(user, messages=4, model=model, provider=provider)
    answer = row.messages.order_by("created_at").last()
    Message.objects.filter(pk=answer.pk).update(
        content=text, model=model, provider=provider, **{**INTERRUPTED, **changes}
    )
    return Message.objects.get(pk=answer.pk)


def sent(stub):
    return [(message["role"], message["content"]) for message in stub.requests[-1].body["messages"]]


BEFORE = [("user", "message 0"), ("assistant", "message 1"), ("user", "message 2")]


def test_both_parts_are_one_message(ann, api, openai, stub):
    answer = interrupted(ann)
    row = answer.conversation
    assert api.get(f"/api/v1/conversations/{row.pk}").json()["messages"][-1]["content"] == "one two "
    response = api.post(url(answer), {"temperature": 0})
    assert response.status_code == 200, response.content
    said, told = response.json(), api.get(f"/api/v1/conversations/{row.pk}").json()
    assert said == {
        "conversation_id": str(row.pk),
        "question_id": str(row.messages.order_by("created_at")[2].pk),
        "response": "one two three four",
        "message": told["messages"][-1],
        "context": {"dropped_messages": 0},
    }
    message = said["message"]
    call = UsageEntry.objects.get()
    assert (call.endpoint, call.requests, call.errors) == ("message-continue", 1, 0)
    assert {name: message[name] for name in ("id", "status", "error", "finish_reason", "ttft")} == {
        "id": str(answer.pk),
        "status": "complete",
        "error": None,
        "finish_reason": "stop",
        "ttft": 0.25,
    }
    assert (message["prompt_tokens"], message["completion_tokens"]) == (7 + call.prompt_tokens, 3 + 2)
    assert Decimal(message["cost"]) == Decimal("0.5") + call.cost
    assert message["time"] > 1.5
    assert (told["message_count"], told["running"], len(told["messages"])) == (4, None, 4)
    assert sent(stub) == [*BEFORE, ("assistant", "one two "), ("user", GO_ON)]
    assert stub.requests[-1].body["temperature"] == 0
    found = api.get("/api/v1/conversations", {"search": "two three four"}).json()["results"]
    assert [each["id"] for each in found] == [str(row.pk)]


# What each provider is sent after the text, and how it answers.
@pytest.mark.parametrize(
    ("kind", "model", "text", "body", "after", "whole"),
    [
        ("anthropic", "claude-3-x?reply=+three", "one two \n", {}, ("assistant", "one two"), "one two \n three"),
        ("anthropic", "claude-3-x?reply=+three", "one two ", {}, ("assistant", "one two"), "one two three"),
        ("anthropic", "claude-opus-4-6?reply=three", "one ", {}, ("user", GO_ON), "one three"),
        (
            "anthropic",
            "claude-3-7-x?reply=three",
            "one ",
            {"reasoning_effort": "low"},
            ("user", GO_ON),
            "one three",
        ),
        ("mistral", "m?reply=one+two+three", "one two ", {}, ("assistant", "one two "), "one two three"),
        ("mistral", "m?reply=three", "one two ", {}, ("assistant", "one two "), "one two three"),
        ("mistral", "magistral?reply=three", "one two ", {}, ("user", GO_ON), "one two three"),
        ("openai", "m?reply=three", "  ", {}, ("user", "message 2"), "  three"),  # nothing to go on from
    ],
)
def test_how_providers_are_asked(ann, api, openai, anthropic, stub, kind, model, text, body, after, whole):
    provider = {"anthropic": anthropic, "openai": openai}.get(kind, openai)
    Provider.objects.filter(pk=provider.pk).update(kind=kind)
    answer = interrupted(ann, text, model=model, provider=provider.slug)
    response = api.post(url(answer), body)
    assert (response.status_code, response.json().get("response")) == (200, whole), response.content
    assert sent(stub)[-1] == after


def test_the_prefix_of_mistral(ann, api, openai, stub):
    Provider.objects.update(kind="mistral")
    api.post(url(interrupted(ann)), {})
    assert stub.requests[-1].body["messages"][-1] == {"role": "assistant", "content": "one two ", "prefix": True}


def test_an_answer_with_nothing_left_to_say_is_complete(ann, api, openai, stub):
    Provider.objects.update(kind="mistral")
    answer = interrupted(ann, "one two", model="m?reply=one+two")
    assert api.post(url(answer), {}).json()["message"]["content"] == "one two"
    answer.refresh_from_db()
    assert (answer.status, answer.content) == ("complete", "one two")


def test_as_it_is_written(ann, api, openai, bob_api):
    answer = interrupted(ann)
    row = answer.conversation
    response = api.post(url(answer, "/continue/stream"), {})
    following = api.get(f"/api/v1/conversations/{row.pk}").json()["running"]["url"]
    start, *middle, done = events(response)
    assert (start["event"], start["continues"], start["url"]) == ("start", str(answer.pk), following)
    assert "".join(chunks(middle)) == "three four"
    answer.refresh_from_db()
    assert (done["event"], done["message_id"], answer.content) == ("done", str(answer.pk), "one two three four")
    assert (done["usage"]["completion_tokens"], done["time"]) == (5, answer.time)
    assert events(api.get(following)) == [start, *middle, done]
    assert bob_api.get(following).status_code == 404


# A call that fails, or is given up, takes nothing away.


@pytest.mark.parametrize(
    ("script", "text", "code"),
    [("status=400", "one two ", "provider_error"), ("reply=three+four&cut=1", "one two three ", "provider_error")],
)
@pytest.mark.parametrize("path", ["/continue", "/continue/stream"])
def test_the_first_part_stays(ann, api, openai, path, script, text, code):
    answer = interrupted(ann, model=f"stub?{script}")
    response = api.post(url(answer, path), {})
    last = events(response)[-1] if path.endswith("stream") else response.json()["details"]
    assert last["message_id"] == str(answer.pk)
    answer.refresh_from_db()
    assert (answer.status, answer.content, answer.error) == ("interrupted", text, code)
    assert answer.completion_tokens >= 3
    Message.objects.update(model="stub?reply=five")
    assert api.post(url(answer), {}).json()["response"] == f"{text}five"


def test_of_a_reader_that_leaves(ann, api, openai):
    answer, free = interrupted(ann, model="stub?reply=three+four&hang=mid"), free_slots()
    response = api.post(url(answer, "/continue/stream"), {"on_disconnect": "stop"})
    each = each_event(response)
    assert [next(each)["event"], next(each)["event"]] == ["start", "chunk"]
    response.close()
    assert eventually(lambda: free_slots() == free)
    answer.refresh_from_db()
    assert (answer.status, answer.content) == ("interrupted", "one two three ")
    assert api.get(f"/api/v1/conversations/{answer.conversation_id}").json()["running"] is None


# What is refused


def test_only_an_interrupted_answer_at_the_end(ann, api, bob_api, openai, stub):
    answer = interrupted(ann)
    question = answer.conversation.messages.order_by("created_at")[2]
    earlier = answer.conversation.messages.order_by("created_at")[1]
    assert bob_api.post(url(answer), {}).status_code == 404
    assert api.post("/api/v1/messages/00000000-0000-7000-8000-000000000000/continue", {}).status_code == 404
    refused = invalid(id="Only an answer that was interrupted can be continued.")
    for other in (question, earlier):
        response = api.post(url(other), {})
        assert (response.status_code, response.json()) == (400, refused)
    Message.objects.filter(pk=answer.pk).update(parts=[{"type": "tool_call"}])
    assert api.post(url(answer), {}).status_code == 400
    Message.objects.filter(pk=answer.pk).update(parts=None)
    api.post("/api/v1/chat", {"conversation_id": str(answer.conversation_id), "message": "next"})
    count = len(stub.requests)
    response = api.post(url(answer), {})
    assert (response.status_code, len(stub.requests)) == (400, count)


def test_a_provider_that_is_gone(ann, api, openai):
    answer = interrupted(ann)
    openai.delete()
    response = api.post(url(answer), {})
    said = "The provider of this answer is gone; have its question answered again."
    assert (response.status_code, response.json()) == (404, error("not_found", said))


def test_a_budget_holds(ann, api, openai, stub):
    answer = interrupted(ann, model="stub")
    create_budget(user_id=ann.pk, period="total", limit=Decimal("0.000001"), by_staff=False)
    response = api.post(url(answer), {})
    assert (response.status_code, response.json()["error"], stub.requests) == (429, "budget_exceeded", [])
    answer.refresh_from_db()
    assert (answer.status, answer.conversation.running) == ("interrupted", None)


# Twice


def test_two_at_the_same_time_are_one(ann, api, openai, stub):
    answer = interrupted(ann, model="stub?reply=three&first=0.5")
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(closing_connection, lambda: api.post(url(answer), {}))
        assert eventually(lambda: bool(stub.requests))
        question = answer.conversation.messages.order_by("created_at")[2]
        for path in ("/continue", "/continue/stream", "/retry"):
            second = api.post(url(answer, path), {})
            assert (second.status_code, second.json()["error"]) == (409, "in_progress")
        assert api.patch(url(question, ""), {"content": "x"}).status_code == 409
        assert api.delete(url(answer, "")).status_code == 409
        assert first.result().json()["response"] == "one two three"
    assert len(stub.requests) == 1
    assert api.post(url(answer), {}).status_code == 400


def test_a_key_is_answered_once(ann, api, openai, stub):
    answer, other = interrupted(ann), interrupted(ann)
    key = {"headers": {"Idempotency-Key": "k1"}}
    first, second = (api.post(url(answer), {}, **key) for _ in range(2))
    assert (first.status_code, second.json()) == (200, first.json())
    assert second.headers["Idempotency-Replayed"] == "true"
    assert api.post(url(other), {}, **key).status_code == 422
    assert len(stub.requests) == 1
    assert api.post(url(other, "/continue/stream"), {}, **key).status_code == 400


def test_a_key_whose_call_failed_is_tried_again(ann, api, openai, stub):
    answer = interrupted(ann, model="stub?reply=three&fail=1&status=400&id=k2")
    key = {"headers": {"Idempotency-Key": "k2"}}
    assert api.post(url(answer), {}, **key).status_code == 502
    assert api.post(url(answer), {}, **key).json()["response"] == "one two three"


def test_the_request_that_asked_is_answered_by_the_whole(ann, api, openai, stub):
    key = {"headers": {"Idempotency-Key": "k3"}}
    body = {"provider": "openai", "model": "stub?reply=one+two&cut=1", "message": "hi"}
    assert api.post("/api/v1/chat", body, **key).status_code == 502
    answer = Message.objects.get(role="assistant")
    assert (answer.status, answer.content) == ("interrupted", "one ")
    Message.objects.update(model="stub?reply=two")
    assert api.post(url(answer), {}).json()["response"] == "one two"
    assert api.post("/api/v1/chat", body, **key).json()["response"] == "one two"
    assert len(stub.requests) == 2


def test_one_whose_process_died_can_be_continued_again(ann, api, openai, monkeypatch):
    answer = interrupted(ann)
    response = api.post(url(answer, "/continue/stream"), {})  # nobody reads it
    monkeypatch.setattr(running, "LEASE", 0.0)
    lost = LostAnswers()
    lost.settle()
    assert lost.settle() == 1
    assert RepeatableRequest.objects.get().claimed_at is None
    assert api.post(url(answer), {}).json()["response"] == "one two three four"
    response.close()


def test_one_deleted_meanwhile(ann, api, openai):
    answer = interrupted(ann, model="stub?reply=three")
    response = api.post(url(answer, "/continue/stream"), {})
    Conversation.objects.all().delete()
    assert events(response)[-1]["message_id"] is None
    assert Message.objects.count() == 0
