"""`manage.py check_query_plans`: every query of the API is declared, served by an index, and missed when it is not."""

import io

import pytest
from django.core.management import call_command

from conversations.models import Comparison, Conversation
from perf.plans import declared_queries as plans
from perf.plans.declared_queries import DeclaredQuery
from perf.plans.explain import postgresql_plan, sqlite_plan
from tests.helpers import conversation

pytestmark = pytest.mark.django_db


def run(**options):
    out = io.StringIO()
    call_command("check_query_plans", stdout=out, no_color=True, **options)
    return out.getvalue()


def test_so_it_is_without_rows_and_statistics(db):
    plans.clean_gin_pending_lists()
    assert "FAIL" not in run()


def test_a_scan_and_a_sort_are_problems_unless_there_is_a_reason(ann):
    conversation(ann)

    def rows():
        return Conversation.objects.order_by("preview")

    (verdict,) = plans.check([DeclaredQuery("all", rows)])
    assert (len(verdict.problems), verdict.excused) == (2, [])
    table = Conversation._meta.db_table
    (verdict,) = plans.check([DeclaredQuery("all", rows, {table: "why scan"}, "why sort")])
    assert verdict.problems == []
    scan, sort = verdict.excused
    assert (scan, sort.startswith("sorts"), sort.endswith(": why sort")) == (f"scans {table}: why scan", True, True)


def test_a_reason_for_one_table_is_none_for_another(ann):
    Comparison.objects.create(user=ann, prompt="?")
    (verdict,) = plans.check([DeclaredQuery("all", Comparison.objects.all, {"auth_user": "small"})])
    assert verdict.problems == [f"scans {Comparison._meta.db_table}"]


def test_a_query_that_asks_nothing_is_a_problem(db):
    (verdict,) = plans.check([DeclaredQuery("nothing", Conversation.objects.none)])
    assert verdict.problems == ["runs no SELECT"]


def test_nothing_is_changed(ann):
    conversation(ann)
    assert list(plans.check([DeclaredQuery("delete", Conversation.objects.all().delete)]))
    assert Conversation.objects.exists()


def test_reading_plans_of_sqlite():
    lines = [
        "SCAN a",
        "SCAN U0",
        "SEARCH b USING INDEX idx_b (x=?)",
        "SEARCH c USING INTEGER PRIMARY KEY (rowid=?)",
        "SEARCH d USING AUTOMATIC COVERING INDEX (x=?)",
        "SEARCH e USING INDEX idx_e (ANY(x) AND y=?)",
        "SEARCH f USING COVERING INDEX idx_f (x>?)",
        "SCAN g USING COVERING INDEX idx_g",
        "SCAN CONSTANT ROW",
        "SCAN h VIRTUAL TABLE INDEX 0:M2",
        "USE TEMP B-TREE FOR LAST TERM OF ORDER BY",
    ]
    plan = sqlite_plan(lines, 'SELECT 1 FROM "a" WHERE x IN (SELECT y FROM "u" U0)')
    assert plan.scans == ["a", "u", "d", "e", "g"]
    assert plan.indexes == ["idx_b", "primary key", "idx_f"]
    assert plan.sorts == [("LAST TERM OF ORDER BY", None)]


def node(kind, *children, **fields):
    return {"Node Type": kind, "Plans": list(children), **fields}


def test_reading_plans_of_postgresql():
    heap = node("Bitmap Index Scan", **{"Index Name": "idx_a", "Index Cond": "(x = 1)"})
    whole = node("Index Only Scan", **{"Index Name": "idx_b", "Relation Name": "b"})
    bitmap = node("Bitmap Heap Scan", heap, **{"Relation Name": "a", "Plan Rows": 7})
    plan = postgresql_plan(
        node(
            "Nested Loop",
            node("Sort", bitmap, **{"Sort Key": ["y", "z"]}),
            node("Seq Scan", **{"Relation Name": "c"}),
            whole,
        )
    )
    assert plan.indexes == ["idx_a"]
    assert plan.scans == ["c", "b"]
    assert plan.sorts == [("y, z", 7)]
    assert plan.lines[:3] == ["Nested Loop", "  Sort: y, z", "    Bitmap Heap Scan on a"]
