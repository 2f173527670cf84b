"""`manage.py check_query_plans`: every query of the API is declared, served by an index, and missed when it is not."""

import io

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from conversations.models import Comparison, Conversation
from models_registry.models import APIKey, LLMModel
from perf.plans import declared_queries as plans
from perf.plans.declared_queries import DeclaredQuery, selects_of
from perf.plans.explain import postgresql_plan, sqlite_plan
from tests.helpers import client_for, conversation

pytestmark = pytest.mark.django_db


@pytest.fixture
def filled(db):
    plans.fill()


def run(**options):
    out = io.StringIO()
    call_command("check_query_plans", stdout=out, no_color=True, **options)
    return out.getvalue()


def test_every_query_is_served_by_an_index(filled):
    output = run()
    assert "FAIL" not in output
    assert "ok   conversations, -last_message_at, first page: idx_conversation_user_recent\n" in output
    assert "ok   conversations by provider, -last_message_at, first page: idx_conversation_user_provider\n" in output
    assert "ok   conversations by model, -last_message_at, first page: idx_conversation_user_model\n" in output
    assert "ok   conversations, -created_at, next page: idx_conversation_user_created\n" in output
    assert "ok   conversation, its newest messages: idx_message_conv_created\n" in output
    assert "idx_comparison_user_created" in output
    assert "ok   chat, look-up of the key: " in output
    step = "Index Scan using" if connection.vendor == "postgresql" else "SEARCH conversations_conversation USING INDEX"
    assert step in run(explain=True)
    assert step not in output


def test_so_it_is_without_rows_and_statistics(db):
    plans.clean_gin_pending_lists()
    assert "FAIL" not in run()


DROPPED = [
    ("idx_conversation_user_recent", "conversations, -last_message_at, first page"),
    ("idx_conversation_user_created", "conversations, -created_at, next page"),
    ("idx_message_conv_created", "conversation, its newest messages"),
    ("idx_comparison_user_created", "comparisons, -created_at, first page"),
]


def test_a_missing_index_is_named_by_its_queries(db):
    if connection.vendor == "postgresql":  # SQLite goes by its indexes alone
        plans.fill()
    else:
        conversation(User.objects.create_user("ann"), messages=2)
    for index, query in DROPPED:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DROP INDEX {index}")
            with pytest.raises(CommandError) as caught:
                run()
            transaction.set_rollback(True)
        assert caught.value.returncode == 1
        assert query in str(caught.value)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite goes by its indexes alone")
def test_only_few_rows_are_sorted_where_an_index_would_do(filled, monkeypatch):
    assert "so few that it is cheaper than the index" in run()
    monkeypatch.setattr(plans, "FEW_ROWS", 0)
    with pytest.raises(CommandError, match="Not served by an index"):
        run()


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


def paths():
    row = Conversation.objects.order_by("-message_count")[0]
    model = LLMModel.objects.select_related("provider").filter(provider__slug="openai")[0]
    lists = ["conversations", "comparisons", f"conversations/{row.pk}/messages"]
    for name in ("provider=openai", "model=gpt-5.4", "provider=openai&model=gpt-5.4"):
        lists += [f"conversations?{name}", f"conversations?{name}&ordering=-created_at"]
    yield from lists
    yield from ("conversations?ordering=-created_at", "leaderboard", "leaderboard?since=2026-01-01T00:00:00Z")
    yield from (f"conversations/{row.pk}", f"conversations/{row.pk}/export?format=json")
    yield f"comparisons/{Comparison.objects.for_user(row.user_id)[0].pk}"
    yield from ("models", "models?provider=openai", "models?search=gpt", "models?available=true")
    yield from (
        f"models/openai/{model.model_id}",
        f"models/openai/{model.model_id}/history",
        "keys",
        "keys/system",
        "tokens",
        "auth/me",
    )


def plain(sql):
    """Write a statement without the brackets around the values of one that is compiled once."""
    return sql.replace("(%s)", "%s")


def test_every_list_and_detail_runs_what_is_declared(filled):
    """What the endpoints ask, page after page, is among the declared queries to the letter."""
    declared = {plain(sql) for query in plans.all_declared_queries() for sql, _ in selects_of(query)}
    row = Conversation.objects.order_by("-message_count")[0]
    assert APIKey.objects.filter(user_id=row.user_id).exists()
    api = client_for(row.user)

    def read(link, into):
        response = api.get(link)
        body = response.getvalue()
        assert response.status_code == 200, body
        into.append(None if response.streaming else response.json())

    def asked(link):
        bodies = []
        found = {plain(sql) for sql, _ in selects_of(DeclaredQuery(link, lambda: read(link, bodies)))}
        return found, bodies[0]

    for path in paths():
        statements, body = asked(f"/api/v1/{path}")
        assert statements
        assert statements <= declared, path
        if body and body.get("next"):
            second, body = asked(body["next"])
            before, _ = asked(body["previous"])
            assert second | before <= declared, path


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
