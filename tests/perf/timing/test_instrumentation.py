"""Statements: each measured once, told apart by where they come from, logged without values."""

import logging
import threading

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction

from perf.timing import figures, recorder
from perf.timing.instrumentation import measure
from perf.timing.request_stats import RequestStats, current_stats

pytestmark = pytest.mark.django_db


@pytest.fixture
def stats():
    """Run the test as if it were a request."""
    made = RequestStats(lambda: "a/route")
    token = current_stats.set(made)
    yield made
    current_stats.reset(token)


def run(sql, params=None):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def rows(origin):
    return [row for row in figures.load().queries() if row.origin == origin]


def test_a_pool_does_not_stack_wrappers(transactional_db):
    for _ in range(1000 if connection.vendor == "postgresql" else 100):  # SQLite opens its file each time
        connection.close()
        run("SELECT 1")
    assert connection.execute_wrappers.count(measure) == 1


def test_a_temporary_wrapper_removes_itself_alone(transactional_db):
    connection.close()
    connection.execute_wrappers.clear()

    def other(execute, *args):
        return execute(*args)

    with connection.execute_wrapper(other):
        run("SELECT 1")  # connects
    assert connection.execute_wrappers == [measure]


def test_a_statement_of_a_request_is_its_own(stats):
    User.objects.create_user("x")
    list(User.objects.filter(username="x"))
    assert stats.query_count == 2
    recorder.request_finished(stats, recorder.FinishedRequest("GET", "a/route", 200, 0.1))
    insert, select = sorted(rows("request"), key=lambda row: row.fingerprint)
    assert insert.fingerprint.startswith('INSERT INTO "auth_user"')
    assert (insert.times.count, insert.routes) == (1, {"a/route": 1})
    assert (select.times.count, select.slowest_route) == (1, "a/route")
    assert 'WHERE "auth_user"."username" = %s' in select.slowest_example
    assert select.rows == (1 if connection.vendor == "postgresql" else None)


def test_a_thread_of_its_own_is_not_the_request(stats):
    def work():
        try:
            run("SELECT 42")
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert stats.query_count == 0
    assert [row.times.count for row in [*rows("background"), *rows("command")]] == [1]


def test_many_in_one_call_count_once(stats):
    with connection.cursor() as cursor:
        cursor.executemany("DELETE FROM auth_user WHERE username = %s", [("a",), ("b",)])
    assert stats.query_count == 1


def test_a_statement_that_fails_is_counted_as_that():
    with pytest.raises(DatabaseError), transaction.atomic():
        run("SELECT nothing FROM nowhere")
    failed = {row.fingerprint: row.failed for row in [*rows("background"), *rows("command")]}
    assert failed["SELECT nothing FROM nowhere"] == 1


def test_a_slow_statement_is_logged_without_what_people_wrote(stats, settings, caplog):
    settings.SLOW_QUERY_MS = 0
    run(f"SELECT 'secret' || %s, 4711 {' ' * 3} -- {'x' * 300}", ["private"])
    record = next(record for record in caplog.records if record.name == "perf.slow_query")
    assert record.levelno == logging.WARNING
    assert (record.sql, record.route) == ("SELECT %s || %s, %s", "a/route")
    assert 0 <= record.duration < 5
    assert not any("secret" in str(vars(line)) or "private" in str(vars(line)) for line in caplog.records)
    (event,) = [event for event in figures.load().slow_queries() if event.details["sql"] == record.sql]
    assert event.details == {"sql": "SELECT %s || %s, %s", "route": "a/route", "id": "19577a068353"}


def test_long_sql_is_cut_in_the_log(settings, caplog):
    settings.SLOW_QUERY_MS = 0
    run(f"SELECT {', '.join(['NULL'] * 200)}")
    assert len(next(record for record in caplog.records if record.name == "perf.slow_query").sql) == 200


@pytest.mark.parametrize(("times", "logged"), [(9, 0), (10, 1), (2500, 1)])
def test_repeating_a_statement_is_a_suspicion(stats, caplog, times, logged):
    for number in range(times):
        run(f"SELECT {number}")
    recorder.request_finished(stats, recorder.FinishedRequest("GET", "a/route", 200, 0.1))
    records = [record for record in caplog.records if record.name == "perf.n_plus_one"]
    assert [(record.route, record.fingerprint, record.count) for record in records] == (
        [("a/route", "SELECT %s", times)] * logged
    )
    found = [(suspect.route, suspect.fingerprint, suspect.worst_count) for suspect in figures.load().suspects()]
    assert found == [("a/route", "SELECT %s", times)] * logged
    assert sum(row.times.count for row in rows("request")) == times


def test_savepoints_are_no_suspicion(stats):
    for _ in range(20):
        with transaction.atomic():
            pass
    recorder.request_finished(stats, recorder.FinishedRequest("GET", "a/route", 200, 0.1))
    assert figures.load().suspects() == []
