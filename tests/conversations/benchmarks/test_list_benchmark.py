"""`manage.py benchmark lists`, with little data: what it reads, and that it leaves nothing behind."""

import pytest
from django.contrib.auth.models import User
from django.db import connection

from conversations.benchmarks.growth.lists import lists
from perf.benchmarks.cases import Options

CALLS = [
    "first page",
    "deep page",
    "first page by provider",
    "first page by model",
    "first page by creation",
    "conversation",
    "look-up of a key",
]


@pytest.mark.django_db(transaction=True)
def test_each_call_takes_at_most_two_queries():
    database = connection.settings_dict["NAME"]
    results = {result.figure: result for result in lists(Options(messages=20_000, rounds=2))}
    assert [results[f"{call}, queries"].value for call in CALLS] == [1, 1, 1, 1, 1, 2, 1]
    assert all(results[f"{call}, database time"].value > 0 for call in CALLS)
    assert len(results) == 3 * len(CALLS) + 1
    assert connection.settings_dict["NAME"] == database
    assert not User.objects.exists()
