"""Reasoning and prompt caching of chats: asked for, streamed, kept, exported."""

import json

import pytest

from conversations.models import Comparison, Conversation, Message
from tests.helpers import events, invalid

pytestmark = pytest.mark.django_db(transaction=True)

HELLO = {"provider": "openai", "model": "m", "message": "hello"}
CHUNKS = [{"reasoning_content": "Hm, "}, {"reasoning_content": "<b>so</b>."}, {"content": "42"}]
USAGE = {
    "prompt_tokens": 20_000,
    "completion_tokens": 500,
    "prompt_tokens_details": {"cached_tokens": 18_000},
    "completion_tokens_details": {"reasoning_tokens": 320},
}


@pytest.fixture(autouse=True)
def _recording(stub):
    choices = [[{"index": 0, "delta": delta, "finish_reason": None}] for delta in CHUNKS]
    last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": USAGE}
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in (*({"choices": each} for each in choices), last)]
    message = {"content": "42", "reasoning_content": "Hm, <b>so</b>."}
    whole = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": USAGE}
    headers = {"content-type": "text/event-stream"}
    stub.recordings["m"] = {
        "stream": {"status": 200, "headers": headers, "chunks": [*lines, "data: [DONE]\n\n"]},
        "whole": {"status": 200, "headers": {}, "chunks": [json.dumps(whole)], "length": True},
    }


def test_a_stream_tells_reasoning_apart(api, openai, opened):
    opened.append(response := api.post("/api/v1/chat/stream", HELLO))
    received = events(response)
    parts = [(each["event"], each.get("content")) for each in received[1:-1]]
    assert parts == [("reasoning", "Hm, "), ("reasoning", "<b>so</b>."), ("chunk", "42")]
    assert received[-1]["usage"]["reasoning_tokens"] == 320
    answer = Message.objects.get(role="assistant")
    assert (answer.content, answer.reasoning) == ("42", "Hm, <b>so</b>.")


def test_a_whole_answer_has_it_beside_its_text(api, openai):
    message = api.post("/api/v1/chat", HELLO).json()["message"]
    assert (message["content"], message["reasoning"]) == ("42", "Hm, <b>so</b>.")
    assert message["usage"] == {
        "prompt_tokens": 20_000,
        "completion_tokens": 500,
        "cache_read_tokens": 18_000,
        "cache_write_tokens": None,
        "reasoning_tokens": 320,
    }


def test_it_is_no_part_of_the_history(api, openai, stub):
    first = api.post("/api/v1/chat", HELLO).json()
    api.post("/api/v1/chat", {"conversation_id": first["conversation_id"], "message": "and?"})
    sent = stub.requests[-1].body["messages"]
    assert [turn["content"] for turn in sent] == ["hello", "42", "and?"]


def test_an_export_folds_it(api, openai):
    conversation_id = api.post("/api/v1/chat", HELLO).json()["conversation_id"]
    url = f"/api/v1/conversations/{conversation_id}/export"
    text = b"".join(api.get(url).streaming_content).decode()
    assert "<details><summary>Reasoning</summary>\n\nHm, &lt;b>so&lt;/b>.\n\n</details>\n\n42" in text
    document = json.loads(b"".join(api.get(f"{url}?format=json").streaming_content))
    assert document["messages"][1]["reasoning"] == "Hm, <b>so</b>."


def test_an_effort_reaches_the_provider(api, openai, stub):
    assert api.post("/api/v1/chat", {**HELLO, "reasoning_effort": "high"}).status_code == 200
    assert stub.requests[-1].body["reasoning_effort"] == "high"


@pytest.mark.parametrize("url", ["/api/v1/chat", "/api/v1/chat/stream"])
def test_an_effort_that_a_provider_does_not_have(api, echo, url):
    response = api.post(url, {"provider": "echo", "model": "echo-fast", "message": "x", "reasoning_effort": "low"})
    problem = invalid(reasoning_effort="This provider has no reasoning effort.")
    assert (response.status_code, response.json()) == (400, problem)
    assert not Conversation.objects.exists()


def test_a_comparison_with_an_effort(api, openai, stub):
    models = [{"provider": "openai", "model": "m"}] * 2
    answer = api.post("/api/v1/compare", {"prompt": "x", "models": models, "reasoning_effort": "low"}).json()
    assert [request.body["reasoning_effort"] for request in stub.requests] == ["low", "low"]
    assert [result["reasoning"] for result in answer["results"]] == ["Hm, <b>so</b>."] * 2


def test_a_comparison_with_an_effort_that_one_model_does_not_have(api, openai, echo):
    models = [{"provider": "openai", "model": "m"}, {"provider": "echo", "model": "echo-fast"}]
    response = api.post("/api/v1/compare", {"prompt": "x", "models": models, "reasoning_effort": "low"})
    assert (response.status_code, list(response.json()["details"])) == (400, ["reasoning_effort"])
    assert not Comparison.objects.exists()


def test_a_blind_comparison_hides_it(api, openai, opened):
    body = {"prompt": "x", "models": [{"provider": "openai", "model": "m"}] * 2, "blind": True}
    opened.append(response := api.post("/api/v1/compare/stream", body))
    received = events(response)
    assert "Hm" not in json.dumps(received)
    answer = api.get(f"/api/v1/comparisons/{received[0]['comparison_id']}").json()
    assert [(each["reasoning"], each["usage"], each["cost_source"]) for each in answer["results"]] == [(None,) * 3] * 2
    revealed = api.post(f"/api/v1/comparisons/{answer['id']}/vote", {"preferred_index": 0}).json()
    assert [each["reasoning"] for each in revealed["results"]] == ["Hm, <b>so</b>."] * 2


def test_an_open_comparison_streams_it(api, openai, opened):
    body = {"prompt": "x", "models": [{"provider": "openai", "model": "m"}] * 2}
    opened.append(response := api.post("/api/v1/compare/stream", body))
    pieces = [each for each in events(response) if each["event"] == "reasoning" and each["index"] == 1]
    assert [(each["content"], each["model"]) for each in pieces] == [("Hm, ", "m"), ("<b>so</b>.", "m")]


@pytest.mark.parametrize(
    ("setting", "switch", "marked"), [(True, {}, True), (True, {"prompt_caching": False}, False), (False, {}, False)]
)
def test_prompt_caching_can_be_turned_off(api, anthropic, stub, settings, setting, switch, marked):
    settings.PROMPT_CACHING = setting
    body = {"provider": "anthropic", "model": "stub", "message": "x", "system": "word " * 1_000}
    assert api.post("/api/v1/chat", {**body, **switch}).status_code == 200
    assert ("cache_control" in str(stub.requests[-1].body)) is marked


def test_compare_asks_for_no_caching(api, anthropic, stub):
    models = [{"provider": "anthropic", "model": "stub"}] * 2
    api.post("/api/v1/compare", {"prompt": "x", "models": models, "system": "word " * 1_000})
    assert "cache_control" not in str([request.body for request in stub.requests])
