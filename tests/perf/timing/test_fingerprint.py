"""Fingerprints of statements: equal statements share one, and no value is kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql as composed

from perf.timing.fingerprint import CACHEABLE_LENGTH, MAX_LENGTH, fingerprint_of

MANY = ", ".join(["%s"] * 5000)
ROWS = ", ".join(["(%s, %s, %s)"] * 5000)


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ('SELECT "a"."x1" FROM "a" WHERE id = %s LIMIT 21', 'SELECT "a"."x1" FROM "a" WHERE id = %s LIMIT %s'),
        ("SELECT 1 AS one, t2.b FROM t2", "SELECT %s AS one, t2.b FROM t2"),
        ("x IN (%s)", "x IN (...)"),
        ("x IN (%s, %s, %s) AND y IN (1, 2)", "x IN (...) AND y IN (...)"),
        ("(a, b) IN ((%s, %s), (%s, %s))", "(a, b) IN (...)"),
        ("x IN (SELECT id FROM t)", "x IN (SELECT id FROM t)"),
        (
            "INSERT INTO t (a, b) VALUES (%s, lower(%s)), (%s, lower(%s)) RETURNING id",
            "INSERT INTO t (a, b) VALUES (...) RETURNING id",
        ),
        ("x = ANY(ARRAY[%s, %s])", "x = ANY(ARRAY[...])"),
        (
            'SET a = CASE WHEN ("t"."id" = %s) THEN %s WHEN ("t"."id" = %s) THEN %s ELSE NULL END',
            'SET a = CASE WHEN ("t"."id" = %s) THEN %s ... ELSE NULL END',
        ),
        ("COALESCE(%s, %s)", "COALESCE(%s, %s)"),
        (
            "a > 3 GROUP BY 1, 2 HAVING b > 4 ORDER BY 1 LIMIT 5",
            "a > %s GROUP BY 1, 2 HAVING b > %s ORDER BY 1 LIMIT %s",
        ),
        ("x = 'it''s' AND y = E'a\\'b' AND z = x'ff'", "x = %s AND y = %s AND z = %s"),
        ("SELECT $$secret$$, $q$a$b$q$ FROM t", "SELECT %s, %s FROM t"),
        ("x = 'never ends", "x = %s"),
        ("x = 1.5e3 AND y = -3 AND z = 0xff AND w = .5", "x = %s AND y = %s AND z = %s AND w = %s"),
        ("a - 3", "a - %s"),
        ("SELECT  a -- secret\n FROM t /* secret */ WHERE b", "SELECT a FROM t WHERE b"),
        ('WHERE "it\'s" = %(name)s', 'WHERE "it\'s" = %s'),
        ('SAVEPOINT "s1234_x1"', "SAVEPOINT ..."),
        ('ROLLBACK TO SAVEPOINT "s1234_x1"', "ROLLBACK TO SAVEPOINT ..."),
        (f"SELECT a FROM t WHERE id IN ({MANY})", "SELECT a FROM t WHERE id IN (...)"),
        (f"INSERT INTO t VALUES {ROWS}", "INSERT INTO t VALUES (...)"),
    ],
)
def test_texts(sql, text):
    assert fingerprint_of(sql).text == text


def test_an_example_keeps_its_lists_and_no_value():
    found = fingerprint_of("SELECT a FROM t WHERE id IN (%s, %s) AND name = 'Ann'")
    assert found.example == "SELECT a FROM t WHERE id IN (%s, %s) AND name = %s"


@given(st.text(alphabet="secret'\\\"x1 -/*$\n", max_size=30))
def test_no_string_literal_survives(value):
    quoted = "'" + value.replace("'", "''") + "'"
    found = fingerprint_of(f"SELECT a FROM t WHERE b = {quoted} AND c = %s").text
    assert found == "SELECT a FROM t WHERE b = %s AND c = %s"


def test_long_statements_stay_apart_and_short():
    one, other = (fingerprint_of(f"SELECT {', '.join(['column'] * 900)} FROM {name}") for name in ("a", "b"))
    assert len(one.text) < MAX_LENGTH + 20
    assert one.text != other.text
    assert len(fingerprint_of("SELECT a" + " OR b = %s" * CACHEABLE_LENGTH).text) < MAX_LENGTH + 20


@pytest.mark.parametrize(
    "sql", [b"SELECT 'se\"cret'", composed.SQL("SELECT {}").format(composed.Literal('it\'s "secret"'))]
)
def test_what_is_no_text_has_a_fingerprint_without_values(sql):
    assert fingerprint_of(sql).text == "SELECT %s"
