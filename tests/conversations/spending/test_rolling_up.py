"""Usage stays exact while it is rolled up: by several at once, interrupted, and with everybody reading."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone

from models_registry.models import UsageDay, UsageEntry, UsageTotal
from models_registry.spending.usage import rolling
from models_registry.spending.usage.reports import report
from models_registry.spending.usage.rolling import roll_up
from tests.helpers import closing_connection

ENTRIES = 240


def fill(users, count=ENTRIES, **fields):
    long_ago, day = timezone.now() - timedelta(days=1), timezone.now().date()
    UsageEntry.objects.bulk_create(
        UsageEntry(
            user=users[number % len(users)],
            day=day - timedelta(days=number % 3),
            created_at=long_ago,
            endpoint="chat",
            provider="openai",
            model=f"m{number % 2}",
            requests=1,
            prompt_tokens=number,
            cost=Decimal(number) / 10**12,
            **fields,
        )
        for number in range(count)
    )


def total(user=None):
    today = timezone.now().date()
    sums = report(first=today - timedelta(days=9), last=today, group_by="model", user_id=user and user.pk).total
    return sums["requests"], sums["prompt_tokens"], sums["cost"]


def expected(numbers):
    whole = list(numbers)
    return len(whole), sum(whole), Decimal(sum(whole)) / 10**12


@pytest.mark.django_db
def test_entries_become_sums_of_their_days(ann, bob):
    fill([ann, bob])
    before = total(), total(ann), total(bob)
    assert before == (expected(range(ENTRIES)), expected(range(0, ENTRIES, 2)), expected(range(1, ENTRIES, 2)))
    assert roll_up() == ENTRIES
    assert (total(), total(ann), total(bob)) == before
    assert not UsageEntry.objects.exists()
    assert (UsageDay.objects.count(), UsageTotal.objects.count()) == (6, 6)
    fill([ann, bob])
    assert roll_up() == ENTRIES
    assert (UsageDay.objects.count(), UsageTotal.objects.count()) == (6, 6)
    assert total() == (2 * before[0][0], 2 * before[0][1], 2 * before[0][2])


@pytest.mark.django_db
def test_what_a_try_to_store_may_still_be_about_is_left(ann):
    fill([ann], 3)
    UsageEntry.objects.update(created_at=timezone.now() - timedelta(seconds=50))
    assert (roll_up(), UsageEntry.objects.count()) == (0, 3)
    assert roll_up(before=timezone.now()) == 3


@contextmanager
def everywhere(act, threads) -> Iterator[list[BaseException]]:
    """Act in so many threads until the end of the block; yields what they raise."""
    over, raised = threading.Event(), []

    def run():
        while not over.is_set():
            try:
                closing_connection(act)
            except BaseException as error:
                raised.append(error)
                return

    running = [threading.Thread(target=run) for _ in range(threads)]
    for thread in running:
        thread.start()
    yield raised
    over.set()
    for thread in running:
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_every_moment_is_exact_while_several_roll_up(ann, bob, monkeypatch):
    monkeypatch.setattr(rolling, "BATCH", 7)
    fill([ann, bob])
    seen = set()
    with everywhere(roll_up, threads=2) as failures, everywhere(lambda: seen.add(total()), threads=2) as errors:
        while UsageEntry.objects.exists():
            seen.add(total())
    assert (failures, errors) == ([], [])
    assert seen == {expected(range(ENTRIES))}
    assert total(ann) == expected(range(0, ENTRIES, 2))


@pytest.mark.django_db(transaction=True)
def test_an_interruption_moves_nothing(ann, monkeypatch):
    fill([ann])
    monkeypatch.setattr(rolling, "BATCH", 100)
    with transaction.atomic():
        assert roll_up() == ENTRIES
        transaction.set_rollback(True)
    assert (UsageEntry.objects.count(), UsageDay.objects.count()) == (ENTRIES, 0)
    assert total() == expected(range(ENTRIES))
