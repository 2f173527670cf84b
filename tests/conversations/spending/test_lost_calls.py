"""Calls whose process died: their reservations expire, and are settled at the most that the calls could cost."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.utils import timezone

from models_registry.calls.completion import Call, resolve
from models_registry.models import Budget, Reservation, UsageEntry
from models_registry.providers.base import Prompt, Turn
from models_registry.spending.budgets import leases
from models_registry.spending.models import Period
from models_registry.spending.usage.rolling import roll_up
from perf.api.access import Access

pytestmark = pytest.mark.django_db(transaction=True)

COST = Decimal("0.0000375")


@pytest.fixture
def call(ann, openai, budget):
    """Make a call with a budget of 1 USD a day."""
    budget(ann, 1, period="day")
    access = Access(ann.pk, endpoint="chat")
    return Call(
        resolve(access=access, provider=openai, model="stub"), Prompt(messages=[Turn("user", "hello you there")])
    )


def expire(seconds=1):
    Reservation.objects.update(expires_at=timezone.now() - timedelta(seconds=seconds))


def spent():
    row = Budget.objects.get()
    return row.spent, row.reserved


def test_it_costs_all_that_it_could(call, used):
    amount = Reservation.objects.get().amount
    assert spent() == (0, amount)
    assert leases.settle_lost() == (0, set())
    expire()
    assert leases.settle_lost() == (1, set())
    assert (spent(), Reservation.objects.count()) == ((amount, 0), 0)
    assert used() == [("chat", {"requests": 1, "errors": 1, "cost": amount})]


def test_a_living_process_extends_its_own(call):
    expire()
    assert leases.extend() == 1
    assert leases.settle_lost() == (0, set())
    assert Reservation.objects.get().expires_at > timezone.now() + timedelta(seconds=50)


def test_a_call_that_nobody_settles_is_not_extended(call, ann, openai):
    other = Call(call.model, call.prompt)
    assert leases.extend() == 2
    del other
    assert leases.extend() == 1


def test_a_settled_call_is_not_extended(call):
    call.complete()
    call.settle(call.measure())
    assert (leases.extend(), spent()) == (0, (COST, 0))


def test_after_an_outage_it_is_seen_twice(call):
    expire()
    seen = leases.settle_lost(set())
    assert seen == (0, {call.charge.id})
    assert leases.settle_lost(seen.waiting) == (1, set())


@pytest.mark.parametrize("rolled", [False, True])
def test_a_call_that_lives_after_all_is_corrected(call, used, rolled):
    expire()
    leases.settle_lost()
    if rolled:
        roll_up(before=timezone.now())
    call.complete()
    call.settle(call.measure())
    assert spent() == (COST, 0)
    assert used() == [("chat", {"requests": 1, "prompt_tokens": 3, "completion_tokens": 3, "cost": COST})]


def test_what_was_lost_in_an_earlier_period_is_not_given_back_in_this(call):
    expire()
    leases.settle_lost()
    Budget.objects.update(spent="0.4")  # of today
    call.charge.reserved_at = Period.DAY.start(timezone.now()) - timedelta(seconds=1)
    call.complete()
    call.settle(call.measure())
    assert spent() == (Decimal("0.4"), 0)


def test_a_try_again_counts_once(call):
    call.complete()
    for again in (False, True, True):
        call.settle(call.measure(), again=again)
    assert (spent(), UsageEntry.objects.count()) == ((COST, 0), 1)


def test_a_budget_deleted_meanwhile_is_missed_by_nobody(call):
    Budget.objects.all().delete()
    call.complete()
    call.settle(call.measure())
    assert (UsageEntry.objects.get().cost, Reservation.objects.count()) == (COST, 0)


def test_the_command_settles_and_rolls_up(call, capsys):
    expire()
    call_command("roll_up_usage")
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "Rolled up 0 calls, took over 0 of an earlier version.",
        "Settled 1 calls whose process died.",
    ]
    assert not Reservation.objects.exists()
