"""Plans for values unknown: of SELECTs alone, never run, never changing anything."""

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from perf.plans import generic_plan as explaining
from perf.plans.declared_queries import all_declared_queries, selects_of
from perf.plans.generic_plan import NotExplained, generic_plan
from perf.timing.fingerprint import MAX_LENGTH, fingerprint_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("DELETE FROM auth_user", "Only a SELECT"),
        ("WITH gone AS (DELETE FROM auth_user RETURNING *) SELECT * FROM gone", "Only a SELECT"),
        ("EXPLAIN ANALYZE SELECT %s", "Only a SELECT"),
        ("SELECT %s; DELETE FROM auth_user", "more than one statement"),
        ("SELECT %s; COMMIT; DELETE FROM auth_user;", "more than one statement"),
        (f"SELECT {'a' * MAX_LENGTH}", "longer than"),
        ("SELECT nothing FROM nowhere", "does not explain it"),
        ("SELECT FROM WHERE", "does not explain it"),
    ],
)
def test_what_cannot_be_explained_says_why(staff, sql, reason):
    with pytest.raises(NotExplained, match=reason):
        generic_plan(sql)
    assert User.objects.count() == 1
    assert not connection.in_atomic_block


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT "id" FROM auth_user WHERE id = %s',
        "SELECT id FROM auth_user WHERE username LIKE %s AND id %% %s = %s LIMIT %s;",
        'SELECT "username" AS "a;b" FROM auth_user',
    ],
)
def test_a_select(sql):
    for _ in range(2):  # what was prepared is forgotten
        assert any("auth_user" in line for line in generic_plan(sql))


def test_every_query_of_the_api_is_explained_by_its_example(ann):
    """Staff will ask about the statements that Django sends; one that cannot be explained says why."""
    examples = {fingerprint_of(sql).example for query in all_declared_queries() for sql, _ in selects_of(query)}
    explained, reasons = 0, []
    for example in examples:
        try:
            explained += bool(generic_plan(example))
        except NotExplained as reason:
            reasons.append(str(reason))
    assert [reason for reason in reasons if "longer than" not in reason] == []
    assert explained > 20


def test_it_is_the_generic_plan_and_nothing_runs():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite knows no other")
    with transaction.atomic():
        lines = generic_plan("SELECT pg_sleep(%s::int) FROM auth_user WHERE username = %s")
    assert any("$2" in line for line in lines)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name = %s", [explaining.NAME])
        assert cursor.fetchone() == (0,)


def test_a_lock_is_not_waited_for_long(monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite plans without locks")
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("LOCK TABLE auth_group IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(NotExplained, match="lock timeout"):
                generic_plan("SELECT * FROM auth_group")
            cursor.execute("ROLLBACK")
    finally:
        other.close()


def test_only_so_many_at_once(monkeypatch):
    taken = [explaining._semaphore.acquire(blocking=False) for _ in range(explaining.CONCURRENCY)]
    try:
        with pytest.raises(NotExplained, match="try again"):
            generic_plan("SELECT 1")
    finally:
        explaining._semaphore.release(len(taken))
