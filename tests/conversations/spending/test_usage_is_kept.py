"""Every call leaves one entry of usage, with what the row of its answer says, on every endpoint that calls models."""

from decimal import Decimal

import pytest

from conversations.models import Conversation, Message
from llmselect_project.accounts.sessions import delete_account
from models_registry.models import UsageDay, UsageEntry
from models_registry.spending.usage.rolling import roll_up
from tests.helpers import events

pytestmark = pytest.mark.django_db

STUB = {"provider": "openai", "model": "stub"}
HELLO = {**STUB, "message": "hello you there"}
PAIR = {"prompt": "hello you there", "models": [STUB, STUB]}
COST = Decimal("0.0000375")
ONE = {"requests": 1, "prompt_tokens": 3, "completion_tokens": 3, "cost": COST}


def test_a_chat(api, ann, openai, used):
    answer = api.post("/api/v1/chat", HELLO).json()
    assert used(ann) == [("chat", ONE)]
    assert used(ann, "model") == [("openai", "stub", ONE)]
    assert Decimal(answer["message"]["cost"]) == COST


def test_a_stream_and_a_retry(api, ann, openai, used):
    *_, done = events(api.post("/api/v1/chat/stream", HELLO))
    api.post(f"/api/v1/messages/{done['message_id']}/retry", {})
    events(api.post(f"/api/v1/messages/{Message.objects.latest('id').pk}/retry/stream", {}))
    assert sorted(used(ann)) == [("chat-stream", ONE), ("message-retry", ONE), ("message-retry-stream", ONE)]


def test_comparisons_and_their_judge(api, ann, openai, used):
    row = api.post("/api/v1/compare", PAIR).json()
    events(api.post("/api/v1/compare/stream", PAIR))
    two = {name: value * 2 for name, value in ONE.items()}
    api.post(f"/api/v1/comparisons/{row['id']}/analyze", STUB)
    found = dict(used(ann))
    assert (found["compare"], found["compare-stream"]) == (two, two)
    assert found["comparison-analyze"]["requests"] == 1
    assert found["comparison-analyze"]["prompt_tokens"] > 50


def test_a_call_that_fails(api, ann, openai, used):
    assert api.post("/api/v1/chat", {**HELLO, "model": "stub?status=500"}).status_code == 502
    assert used(ann) == [("chat", {"requests": 1, "errors": 1})]


def test_a_judge_that_fails(api, ann, openai, used):
    row = api.post("/api/v1/compare", PAIR).json()
    failing = {**STUB, "model": "stub?status=500"}
    assert api.post(f"/api/v1/comparisons/{row['id']}/analyze", failing).status_code == 502
    assert dict(used(ann))["comparison-analyze"] == {"requests": 1, "errors": 1}


def test_a_model_without_a_price(api, ann, openai, used):
    api.post("/api/v1/chat", {**HELLO, "model": "stub?chunks=1"})
    assert used(ann) == [("chat", {"requests": 1, "unpriced": 1, "prompt_tokens": 3, "completion_tokens": 1})]


def test_a_model_without_a_key_was_not_called(api, ann, openai, anthropic, settings, used):
    settings.SYSTEM_API_KEYS = {"openai": "sk-test"}
    pair = {**PAIR, "models": [STUB, {"provider": "anthropic", "model": "stub"}]}
    assert api.post("/api/v1/compare", pair).json()["results"][1]["error"]["error"] == "api_key_missing"
    assert used(ann) == [("compare", ONE)]


def test_a_repetition_calls_nobody(api, ann, openai, used):
    for _ in range(2):
        api.post("/api/v1/chat", HELLO, headers={"Idempotency-Key": "k"})
    assert used(ann) == [("chat", ONE)]


def test_what_is_deleted_stays_counted(api, ann, openai, used):
    answer = api.post("/api/v1/chat", HELLO).json()
    api.delete(f"/api/v1/conversations/{answer['conversation_id']}")
    assert not Conversation.objects.exists()
    assert used(ann) == [("chat", ONE)]


@pytest.mark.parametrize("rolled", [False, True])
def test_a_deleted_account_leaves_sums_of_nobody(api, ann, openai, used, rolled):
    api.post("/api/v1/chat", HELLO)
    UsageEntry.objects.update(token_name="laptop")
    if rolled:
        UsageEntry.objects.update(created_at="2026-01-01T00:00:00Z")
        assert roll_up() == 1
    delete_account(user=ann)
    assert used(None, "user") == [(None, ONE)]
    kept = (UsageDay if rolled else UsageEntry).objects.get()
    assert (kept.user_id, kept.token_id, kept.token_name) == (None, None, "")


def test_an_entry_of_an_account_deleted_meanwhile_becomes_nobodys(api, ann, openai, used):
    api.post("/api/v1/chat", HELLO)
    UsageEntry.objects.update(created_at="2026-01-01T00:00:00Z", user_id=ann.pk + 1000, token_name="laptop")
    assert roll_up() == 1
    kept = UsageDay.objects.get()
    assert (kept.user_id, kept.token_name, kept.requests) == (None, "", 1)
    assert used(None, "user") == [(None, ONE)]
