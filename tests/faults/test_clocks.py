"""Two machines whose clocks are a minute apart, and a clock that is set back."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from rest_framework_simplejwt import tokens

from conversations.models import Conversation, Message
from llmselect_project.accounts.sessions import start_session
from models_registry.models import UsageEntry
from models_registry.spending.budgets import leases
from models_registry.spending.budgets.keeping import create_budget
from perf.jobs import table
from tests.helpers import client_for, client_with, events

pytestmark = pytest.mark.django_db(transaction=True)

HELLO = {"provider": "openai", "model": "stub", "message": "hello you"}


@pytest.fixture
def elsewhere(monkeypatch):
    """Let what is issued, and what is stored, have the time of a clock that is a minute ahead, or behind."""
    now, utc = timezone.now, tokens.aware_utcnow

    def by(minutes):
        apart = timedelta(minutes=minutes)
        monkeypatch.setattr(timezone, "now", lambda: now() + apart)
        monkeypatch.setattr(tokens, "aware_utcnow", lambda: utc() + apart)

    return by


@pytest.mark.parametrize("minutes", [1, -1])
def test_a_login_at_one_machine_is_one_at_the_other(ann, elsewhere, minutes):
    elsewhere(minutes)
    pair = start_session(user=ann)
    elsewhere(0)
    assert client_with(pair.access).get("/api/v1/conversations").status_code == 200
    renewed = client_with("").post("/api/v1/auth/refresh", {"refresh": pair.refresh})
    assert renewed.status_code == 200, renewed.content
    elsewhere(minutes)
    assert client_with(renewed.json()["access"]).get("/api/v1/conversations").status_code == 200


def test_messages_keep_their_order(ann, openai, elsewhere):
    """Each request is answered by the other machine, and at last the clock of one is set back by an hour."""
    api = client_for(ann)
    place = {}
    for number, minutes in enumerate((1, 0, 1, -60, 0)):
        elsewhere(minutes)
        answer = api.post("/api/v1/chat", {**HELLO, **place, "message": f"question {number}"})
        assert answer.status_code == 200, answer.content
        place = {"conversation_id": answer.json()["conversation_id"]}
    row = Conversation.objects.get()
    said = Message.objects.filter(conversation=row).order_by("created_at", "id")
    assert [message.content for message in said] == [f"question {number // 2}" for number in range(10)]
    assert (row.message_count, row.running) == (10, None)
    told = api.get(f"/api/v1/conversations/{row.pk}").json()
    assert [message["content"] for message in told["messages"]] == [message.content for message in said]
    assert row.last_message_at == said.last().created_at


def test_a_key_is_spent_whatever_the_time(ann, openai, stub, elsewhere):
    api, key = client_for(ann), {"headers": {"Idempotency-Key": "k"}}
    first = api.post("/api/v1/chat", HELLO, **key)
    for minutes in (1, -60):
        elsewhere(minutes)
        assert api.post("/api/v1/chat", HELLO, **key).json() == first.json()
    assert len(stub.requests) == 1


def test_a_job_that_is_being_done_stays_taken(elsewhere):
    job = table.enqueue("count", {"until": 3})
    assert table.take(["count"]) == job
    for minutes in (1, -60):
        elsewhere(minutes)
        assert table.take(["count"]) is None
    elsewhere(3)  # nobody has heard of its process since
    assert table.take(["count"]) == job


def test_a_call_that_is_being_made_keeps_its_reservation(ann, openai, elsewhere):
    create_budget(user_id=ann.pk, period="total", limit=Decimal(5), by_staff=False)
    response = client_for(ann).post("/api/v1/chat/stream", HELLO)
    elsewhere(1)
    assert leases.settle_lost().settled == 0
    elsewhere(0)
    assert events(response)[-1]["event"] == "done"
    assert UsageEntry.objects.get().errors == 0
