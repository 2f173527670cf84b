"""Messages and results from before usage was kept are counted once, whoever writes meanwhile."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.utils import timezone

from conversations.completions import takeover
from conversations.completions.recosting import recost
from conversations.completions.takeover import take_over
from conversations.models import Comparison, ComparisonResult, Conversation, Message
from models_registry.models import LLMModel, UsageDay, UsageEntry
from models_registry.spending.usage.reports import report

pytestmark = pytest.mark.django_db

OLD = datetime(2026, 3, 5, 23, 59, tzinfo=UTC)
COST = Decimal("0.000012345678")


def old_id(number):
    return UUID(int=(int(OLD.timestamp() * 1000) << 80) + number)


@pytest.fixture
def old(ann, bob):
    """Make what an earlier version stored: two answers and an error of Ann, three results of Bob."""
    row = Conversation.objects.create(user=ann, provider="openai", model="a")
    answer = {"provider": "openai", "model": "a", "created_at": OLD, "conversation": row}
    spent = {"prompt_tokens": 10, "completion_tokens": 4, "cache_read_tokens": 3, "cost": COST}
    Message.objects.bulk_create(
        [
            Message(id=old_id(0), role="user", content="x", **answer),
            Message(id=old_id(1), role="assistant", time=1, **answer, **spent),
            Message(
                id=old_id(2), role="assistant", time=1, **{**answer, "created_at": OLD + timedelta(days=1)}, **spent
            ),
            Message(id=old_id(3), role="assistant", time=1, status="error", **answer),
        ]
    )
    compared = Comparison.objects.create(user=bob, prompt="x", created_at=OLD)
    result = {"comparison": compared, "provider": "openai", "model": "b"}
    ComparisonResult.objects.bulk_create(
        [
            ComparisonResult(id=old_id(0), index=0, time=1, **result, **spent),
            ComparisonResult(id=old_id(1), index=1, time=1, error="provider_error", **result),
            ComparisonResult(id=old_id(2), index=2, error="api_key_missing", **result),  # it was not called
        ]
    )


def summed(user=None, group_by="endpoint"):
    found = report(first=OLD.date(), last=timezone.now().date(), group_by=group_by, user_id=user and user.pk)
    return [(*names.values(), {name: value for name, value in sums.items() if value}) for names, sums in found.groups]


ONE = {"requests": 1, "prompt_tokens": 10, "completion_tokens": 4, "cache_read_tokens": 3, "cost": COST}


def test_what_was_stored_is_counted_once(old, ann, bob):
    assert take_over() == 5
    assert take_over() == 0
    twice = {name: value * 2 for name, value in ONE.items()}
    assert summed(ann) == [("chat", {**twice, "requests": 3, "errors": 1})]
    assert summed(bob) == [("compare", {**ONE, "requests": 2, "errors": 1})]
    assert [day for day, _ in summed(ann, "day")] == [OLD.date(), OLD.date() + timedelta(days=1)]


def test_batches_add_up_to_the_same(old, ann, monkeypatch):
    monkeypatch.setattr(takeover, "BATCH", 1)
    assert take_over() == 5
    assert summed(ann)[0][1]["cost"] == COST * 2
    assert UsageDay.objects.filter(user=ann).count() == 2


def test_what_this_version_stores_has_an_entry_of_its_own(api, ann, openai):
    api.post("/api/v1/chat", {"provider": "openai", "model": "stub", "message": "hello you there"})
    api.post("/api/v1/compare", {"prompt": "x", "models": [{"provider": "openai", "model": "stub"}] * 2})
    assert UsageEntry.objects.count() == 3
    assert take_over(now=timezone.now() + timedelta(hours=1)) == 0


def test_a_server_of_the_earlier_version_may_go_on(old, ann, bob):
    take_over()
    row = Conversation.objects.get()
    late = Message.objects.create(conversation=row, role="assistant", provider="openai", model="a", time=1, cost=COST)
    assert take_over() == 0  # it may not be committed yet, or others beside it
    assert take_over(now=timezone.now() + timedelta(minutes=11)) == 1
    assert summed(ann)[0][1]["cost"] == COST * 3
    late.delete()
    assert summed(ann)[0][1]["cost"] == COST * 3


def test_many_odd_costs_are_exact(ann):
    row = Conversation.objects.create(user=ann, provider="openai", model="a")
    costs = [Decimal(f"{number % 90}.{number:012d}") for number in range(500)]
    Message.objects.bulk_create(
        Message(conversation=row, role="assistant", provider="openai", model="a", time=1, created_at=OLD, cost=cost)
        for cost in costs
    )
    take_over(now=timezone.now() + timedelta(hours=1))
    assert summed(ann)[0][1]["cost"] == sum(costs)


def test_new_prices_correct_the_usage(old, ann, bob, openai):
    take_over()
    LLMModel.objects.create(provider=openai, model_id="a", name="A", input_price=1, output_price=2)
    recost(since=OLD, write=False, progress=lambda _: None)
    assert summed(ann)[0][1]["cost"] == COST * 2
    recost(since=OLD, write=True, progress=lambda _: None)
    stored = sum(Message.objects.exclude(cost=None).values_list("cost", flat=True))
    assert summed(ann) == [
        ("chat", {**{name: value * 2 for name, value in ONE.items()}, "requests": 3, "errors": 1, "cost": stored})
    ]
    assert stored == Decimal("0.000036")
