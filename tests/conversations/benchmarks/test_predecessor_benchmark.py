"""`manage.py benchmark`, with little data: what is read before and after, and that it leaves nothing behind."""

import pytest
from django.contrib.auth.models import User
from django.db import connection

from conversations.benchmarks.predecessor.table import QUERIES, predecessor
from perf.benchmarks.cases import Options, Row, UnknownRow

QUICK = Options(messages=3_400, rounds=1, seconds=1, only=(*QUERIES, "instrumentation"))


@pytest.mark.django_db(transaction=True)
def test_queries_before_and_after():
    database = connection.settings_dict["NAME"]
    outputs = list(predecessor(QUICK))
    rows = {row.name: {each.figure: each for each in row.results} for row in outputs if isinstance(row, Row)}
    counts = {name: (rows[name]["queries before"].value, rows[name]["queries after"].value) for name in QUERIES}
    assert counts == {"list": (2, 1), "filtered": (2, 1), "messages": (6, 1), "keys": (1, 1)}
    bounds = {name: (rows[name]["after"].at_most, rows[name]["faster"].at_least) for name in QUERIES}
    assert bounds == {"list": (4.5, 80), "filtered": (3, 80), "messages": (15, 80), "keys": (2.5, 80)}
    for name in QUERIES:
        before, after = rows[name]["before"].value, rows[name]["after"].value
        assert min(before, after) > 0
        assert rows[name]["times"].value == before / after
        assert rows[name]["rounds"].value == 1
    assert rows["instrumentation"]["added"].at_most == 1
    assert connection.settings_dict["NAME"] == database
    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_vendors_are_asked_once():
    *_, row = predecessor(Options(only=("vendor",)))
    assert {each.figure: each.value for each in row.results} == {"calls before": 50, "calls after": 1, "fewer": 98}


def test_an_unknown_row_is_refused():
    with pytest.raises(UnknownRow, match="There is no lists; there are list, filtered, messages, keys, requests"):
        list(predecessor(Options(only=("lists",))))
