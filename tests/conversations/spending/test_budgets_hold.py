"""Budgets: reserved before a model is called, settled after, on every endpoint that calls models."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from conversations.models import Comparison, Conversation, Message
from models_registry.models import Budget, Reservation, UsageEntry
from models_registry.spending.models import Period
from tests.helpers import client_for, events

pytestmark = pytest.mark.django_db

STUB = {"provider": "openai", "model": "stub"}
HELLO = {**STUB, "message": "hello you there"}
PAIR = {"prompt": "hello you there", "models": [STUB, STUB]}
COST = Decimal("0.0000375")


def test_a_chat_is_settled_at_what_it_did_cost(api, ann, openai, budget, state):
    made = budget(ann, 1)
    assert api.post("/api/v1/chat", HELLO).status_code == 200
    assert state(made) == (COST, 0, 0)


def test_the_refusal_says_what_is_left_and_until_when(api, ann, openai, budget, stub):
    made = budget(ann, "0.001", by_staff=True)
    answer = api.post("/api/v1/chat", HELLO)
    assert answer.status_code == 429
    body = answer.json()
    end = Period.MONTH.end(timezone.now())
    needed = Decimal(body["details"].pop("needed"))
    assert body["error"] == "budget_exceeded"
    assert body["message"].startswith(
        "You have 0.001 USD left of a budget of 0.001 USD a month, and this call can cost"
    )
    assert body["details"] == {
        "budget": str(made.pk),
        "period": "month",
        "token": None,
        "limit": "0.001",
        "spent": "0",
        "reserved": "0",
        "left": "0.001",
        "renews_at": f"{end:%Y-%m-%dT00:00:00Z}",
    }
    assert needed > Decimal("0.001")
    assert 0 < int(answer.headers["Retry-After"]) <= 31 * 86_400
    assert not Conversation.objects.exists()
    assert not UsageEntry.objects.exists()
    assert stub.requests == []


def paths(api):
    """Give each request that spends: its path and body."""
    api.post("/api/v1/chat", HELLO)
    question = Message.objects.get(role="user")
    compared = api.post("/api/v1/compare", PAIR).json()
    return {
        "/api/v1/chat": HELLO,
        "/api/v1/chat/stream": HELLO,
        "/api/v1/compare": PAIR,
        "/api/v1/compare/stream": PAIR,
        f"/api/v1/messages/{question.pk}/retry": {},
        f"/api/v1/messages/{question.pk}/retry/stream": {},
        f"/api/v1/comparisons/{compared['id']}/analyze": STUB,
    }


def test_every_endpoint_that_spends_is_refused(api, ann, openai, budget, stub):
    requests = paths(api)
    budget(ann, "0.0001", period="total")
    asked = len(stub.requests)
    answers = {path: api.post(path, body) for path, body in requests.items()}
    assert {path: each.status_code for path, each in answers.items()} == dict.fromkeys(requests, 429)
    assert {each.json()["error"] for each in answers.values()} == {"budget_exceeded"}
    assert not any("Retry-After" in each.headers for each in answers.values())  # a total is never renewed
    assert len(stub.requests) == asked
    assert not Reservation.objects.exists()


def test_every_endpoint_that_spends_is_settled(api, ann, openai, budget, state):
    requests = paths(api)
    made = budget(ann, 10)
    before = made.spent
    for path, body in requests.items():
        answer = api.post(path, body)
        assert answer.status_code == 200
        if answer.streaming:
            events(answer)
        spent, *rest = state(made)
        assert spent > before
        assert rest == [0, 0]
        before = spent
    assert before == sum(UsageEntry.objects.values_list("cost", flat=True))


def test_a_comparison_is_covered_whole_or_not_made(api, ann, openai, budget, state, stub):
    made = budget(ann, "0.006")  # which covers a short answer, and not two
    assert api.post("/api/v1/compare", PAIR).status_code == 429
    assert state(made) == (0, 0, 0)
    assert not Comparison.objects.exists()
    assert stub.requests == []


@pytest.mark.parametrize("script", ["stub?status=500", "stub?cut=0", "stub?status=401"])
def test_a_call_that_fails_gives_back_what_it_reserved(api, ann, budget, state, priced, script):
    made = budget(ann, 1)
    assert api.post("/api/v1/chat", {**HELLO, "model": priced(script)}).status_code > 400
    assert state(made) == (0, 0, 0)


def test_a_call_that_breaks_off_costs_what_had_arrived(api, ann, budget, state, priced):
    made = budget(ann, 1)
    api.post("/api/v1/chat", {**HELLO, "model": priced("stub?cut=2")})
    spent, *rest = state(made)
    assert rest == [0, 0]
    assert spent == UsageEntry.objects.get().cost > 0


@pytest.mark.django_db(transaction=True)
def test_a_client_that_leaves_pays_for_what_had_arrived(api, ann, budget, state, priced, opened):
    made = budget(ann, 1)
    slow = {**HELLO, "model": priced("stub?delay=0.05&chunks=100"), "on_disconnect": "stop"}
    stream = api.post("/api/v1/chat/stream", slow)
    opened.append(stream)
    parts = iter(stream.streaming_content)
    for _ in range(3):
        next(parts)
    reserved = state(made)
    assert reserved[0] == 0
    assert reserved[1] > 0
    assert reserved[2] == 1
    stream.close()
    spent, *rest = state(made)
    assert rest == [0, 0]
    assert spent == UsageEntry.objects.get().cost > 0


@pytest.mark.django_db(transaction=True)
def test_a_stream_that_nobody_reads_is_given_back(api, ann, openai, budget, state):
    made = budget(ann, 1)
    api.post("/api/v1/chat/stream", {**HELLO, "on_disconnect": "stop"}).close()
    assert state(made) == (0, 0, 0)


def test_an_answer_that_cannot_be_begun_reserves_nothing(api, ann, openai, budget, state):
    made = budget(ann, 1)
    missing = {"conversation_id": str(made.pk), "message": "x", **STUB}
    assert api.post("/api/v1/chat", missing).status_code == 404
    assert api.post("/api/v1/chat", {**HELLO, "reasoning_effort": "nonsense"}).status_code == 400
    assert state(made) == (0, 0, 0)


def test_the_answer_is_limited_to_what_the_budget_covers(api, ann, openai, budget, stub):
    budget(ann, 1)
    api.post("/api/v1/chat", HELLO)
    api.post("/api/v1/chat", {**HELLO, "max_tokens": 7})
    assert [each.body["max_completion_tokens"] for each in stub.requests] == [4_096, 7]


def test_without_a_budget_nothing_is_limited(api, openai, stub):
    api.post("/api/v1/chat", HELLO)
    assert "max_completion_tokens" not in stub.requests[-1].body


def test_every_budget_must_cover_a_call(api, ann, openai, budget, state):
    wide, narrow = budget(ann, 10), budget(ann, "0.001", period="day")
    assert api.post("/api/v1/chat", HELLO).json()["details"]["budget"] == str(narrow.pk)
    assert (state(wide), state(narrow)) == ((0, 0, 0), (0, 0, 0))
    Budget.objects.filter(pk=narrow.pk).update(limit=1)
    assert api.post("/api/v1/chat", HELLO).status_code == 200
    assert (state(wide), state(narrow)) == ((COST, 0, 0), (COST, 0, 0))


def test_others_are_not_bound(ann, bob, openai, budget):
    budget(ann, 0)
    assert client_for(bob).post("/api/v1/chat", HELLO).status_code == 200


def test_a_model_without_a_price_is_refused(api, ann, openai, budget, stub):
    budget(ann, 100)
    answer = api.post("/api/v1/chat", {**HELLO, "model": "stub?chunks=1"})
    assert (answer.status_code, answer.json()["error"]) == (403, "price_unknown")
    assert answer.json()["details"] == {"provider": "openai", "model": "stub?chunks=1"}
    assert stub.requests == []


def test_a_free_model_can_be_called_with_an_empty_budget(api, ann, budget, priced, state):
    made = budget(ann, 0)
    free = priced("stub?chunks=2", input_price=0, output_price=0)
    assert api.post("/api/v1/chat", {**HELLO, "model": free}).status_code == 200
    assert state(made) == (0, 0, 0)


def test_a_budget_is_renewed_with_its_period(api, ann, openai, budget, state):
    made = budget(ann, "0.05", period="day")
    yesterday = Period.DAY.start(timezone.now()) - timedelta(days=1)
    Budget.objects.filter(pk=made.pk).update(spent="0.05", period_start=yesterday)
    assert api.get(f"/api/v1/budgets/{made.pk}").json()["left"] == "0.05"
    assert api.post("/api/v1/chat", HELLO).status_code == 200
    assert state(made) == (COST, 0, 0)
    assert Budget.objects.get(pk=made.pk).period_start == Period.DAY.start(timezone.now())


def test_what_was_spent_before_counts(api, ann, openai, budget):
    api.post("/api/v1/chat", HELLO)
    assert [budget(ann, 1, period=period).spent for period in Period] == [COST] * 3


def test_a_vendor_that_charges_more_is_counted_true(api, ann, budget, priced, state):
    made = budget(ann, 1)
    script = priced("stub?chunks=50")
    assert api.post("/api/v1/chat", {**HELLO, "model": script, "max_tokens": 1}).status_code == 200
    assert state(made) == (Decimal("0.0005075"), 0, 0)


@pytest.mark.parametrize(
    ("period", "at", "start", "end"),
    [
        ("day", "2026-02-28T23:59:59", "2026-02-28T00:00:00", "2026-03-01T00:00:00"),
        ("month", "2026-12-31T23:59:59", "2026-12-01T00:00:00", "2027-01-01T00:00:00"),
        ("month", "2028-02-29T00:00:00", "2028-02-01T00:00:00", "2028-03-01T00:00:00"),
        ("total", "2026-02-28T23:59:59", "1970-01-01T00:00:00", None),
    ],
)
def test_periods_follow_the_calendar(period, at, start, end):
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    expected = [each and datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (start, end)]
    assert [Period(period).start(moment), Period(period).end(moment)] == expected
