"""How an answer ended, wherever it is shown; an answer without a text neither wins nor loses."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from django.conf import settings

from conversations.models import ComparisonResult, Message
from models_registry.fake_provider.recordings import load
from tests.helpers import events

pytestmark = pytest.mark.django_db

RECORDINGS = Path(settings.BASE_DIR) / "tests/models_registry/providers/recordings"
CUT, EMPTY, TOOLS, GOOD = "b02_length_text", "c04_empty", "b35_tool_calls", "b39_delta_null"


@pytest.fixture
def recorded(stub, openai):
    stub.recordings.update(load(RECORDINGS))


def compare(api, *models, **more):
    chosen = [{"provider": "openai", "model": model} for model in models]
    response = api.post("/api/v1/compare", {"prompt": "hello", "models": chosen, **more})
    assert response.status_code == 200, response.content
    return response.json()


def chat(api, model):
    return api.post("/api/v1/chat", {"provider": "openai", "model": model, "message": "hello"}).json()


def test_a_conversation_shows_it(api, recorded):
    answer = chat(api, CUT)
    assert (answer["message"]["finish_reason"], answer["message"]["status"]) == ("length", "complete")
    path = f"/api/v1/conversations/{answer['conversation_id']}"
    question, shown = api.get(path).json()["messages"]
    assert (question["finish_reason"], shown) == (None, answer["message"])
    exported = b"".join(api.get(f"{path}/export?format=markdown").streaming_content).decode()
    assert re.search(r"^## Assistant \(openai/b02_length_text\) — .* UTC, ended by length$", exported, re.MULTILINE)
    document = b"".join(api.get(f"{path}/export?format=json").streaming_content).decode()
    assert '"finish_reason": "length"' in document


def test_the_last_event_of_a_stream_shows_it(api, recorded):
    body = {"provider": "openai", "model": CUT, "message": "hello"}
    assert events(api.post("/api/v1/chat/stream", body))[-1]["finish_reason"] == "length"
    models = [{"provider": "openai", "model": CUT}, {"provider": "openai", "model": GOOD}]
    received = events(api.post("/api/v1/compare/stream", {"prompt": "hello", "models": models}))
    ended = {event["index"]: event["finish_reason"] for event in received if event["event"] == "complete"}
    assert ended == {0: "length", 1: "stop"}


@pytest.mark.parametrize("model", [EMPTY, TOOLS])
@pytest.mark.parametrize("blind", [False, True])
def test_an_answer_without_a_text_is_no_candidate(api, recorded, model, blind):
    comparison = compare(api, model, GOOD, blind=blind)
    results = {result["index"]: result for result in comparison["results"]}
    (failed,) = [index for index, result in results.items() if result["error"]]
    stored = ComparisonResult.objects.get(index=failed)
    assert (stored.error, stored.response) == ("provider_error", "")
    assert stored.finish_reason == results[failed]["finish_reason"] == ("length" if model == EMPTY else "tool_calls")
    vote = f"/api/v1/comparisons/{comparison['id']}/vote"
    assert api.post(vote, {"preferred_index": failed}).status_code == 400
    assert api.post(vote, {"preferred_index": 1 - failed}).status_code == 200
    standings = api.get("/api/v1/leaderboard").json()["results"]
    assert not [row for row in standings if row["model"] == model]
    assert [(row["model"], row["losses"]) for row in standings] in ([], [(GOOD, 0)])


def test_a_judge_that_says_nothing_is_an_error(api, recorded):
    comparison = compare(api, GOOD, GOOD)
    judge = {"provider": "openai", "model": EMPTY}
    response = api.post(f"/api/v1/comparisons/{comparison['id']}/analyze", judge)
    assert (response.status_code, response.json()["error"]) == (502, "provider_error")
    assert api.get(f"/api/v1/comparisons/{comparison['id']}").json()["analysis"] is None


def test_reasoning_is_neither_sent_again_nor_judged(api, stub, recorded):
    stub.recordings["m"] = load(RECORDINGS)["c01_slow_reason"] | {}
    stub.recordings["m"]["stream"] = {**stub.recordings["m"]["stream"], "pause": 0.0}
    answer = chat(api, "m")
    assert answer["message"]["reasoning"] == "hm" * 8
    api.post("/api/v1/chat", {"conversation_id": answer["conversation_id"], "message": "and now"})
    assert [turn["content"] for turn in stub.requests[-1].body["messages"]] == ["hello", "Hi", "and now"]
    comparison = compare(api, "m", "m")
    api.post(f"/api/v1/comparisons/{comparison['id']}/analyze", {"provider": "openai", "model": GOOD})
    assert "hmhm" not in str(stub.requests[-1].body)


def test_reasoning_alone_is_an_error_without_a_text(api, stub, openai):
    chunk = 'data: {"choices": [{"index": 0, "delta": {"reasoning": "hm"}, "finish_reason": "stop"}]}\n\n'
    stub.recordings["m"] = {"stream": {"status": 200, "headers": {}, "chunks": [chunk]}}
    assert chat(api, "m")["message"] == "The model thought, and answered nothing."
    kept = Message.objects.get(role="assistant")
    assert (kept.status, kept.reasoning, kept.content) == ("error", "hm", "")


def test_the_command_plays_recordings():
    command = [sys.executable, "manage.py", "stub_provider", "--port", "0", "--recordings", str(RECORDINGS)]
    with subprocess.Popen(
        command, cwd=settings.BASE_DIR, env={**os.environ, "DJANGO_ENV": "testing"}, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            url = re.search(r"OPENAI_BASE_URL=(\S+)", server.stdout.readline())[1]
            body = {"model": CUT, "messages": [{"role": "user", "content": "x"}]}
            answer = requests.post(f"{url}/chat/completions", json=body, timeout=5).json()
        finally:
            server.terminate()
    assert answer["choices"][0]["finish_reason"] == "length"


def test_the_command_names_a_folder_that_is_none():
    command = [sys.executable, "manage.py", "stub_provider", "--recordings", "/nowhere"]
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, env={**os.environ, "DJANGO_ENV": "testing"}, capture_output=True, text=True
    )
    assert "The recordings cannot be read: /nowhere is no folder." in done.stderr
