"""`manage.py check_query_plans` and the statements of the endpoints, in one database with many rows for all tests."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from conversations.benchmarks.demo.seed import Amount, seed
from conversations.models import Comparison, Conversation
from models_registry.catalogue import plan_rows
from models_registry.models import APIKey, LLMModel
from perf.plans import declared_queries as plans
from perf.plans.declared_queries import DeclaredQuery, selects_of
from tests.helpers import client_for

pytestmark = pytest.mark.usefixtures("filled", "db")


@pytest.fixture(scope="module")
def filled(django_db_setup, django_db_blocker):
    """Rows for a planner that goes by statistics; SQLite, which goes by its indexes alone, needs some pages of them."""
    with django_db_blocker.unblock(), transaction.atomic():
        if connection.vendor == "postgresql":
            plans.fill()
        else:
            seed(Amount(users=1, conversations=1, messages=120, comparisons=0))
            seed(Amount(users=1, conversations=110, messages=4, comparisons=20))
            plan_rows.fill()
        yield
        transaction.set_rollback(True)


def run(**options):
    out = io.StringIO()
    call_command("check_query_plans", stdout=out, no_color=True, **options)
    return out.getvalue()


def test_every_query_is_served_by_an_index():
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


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite goes by its indexes alone")
def test_only_few_rows_are_sorted_where_an_index_would_do(monkeypatch):
    assert "so few that it is cheaper than the index" in run()
    monkeypatch.setattr(plans, "FEW_ROWS", 0)
    with pytest.raises(CommandError, match="Not served by an index"):
        run()


DROPPED = [
    ("idx_conversation_user_recent", "conversations, -last_message_at, first page"),
    ("idx_conversation_user_created", "conversations, -created_at, next page"),
    ("idx_message_conv_created", "conversation, its newest messages"),
    ("idx_comparison_user_created", "comparisons, -created_at, first page"),
]


def test_a_missing_index_is_named_by_its_queries():
    with transaction.atomic(), connection.cursor() as cursor:
        for index, _ in DROPPED:
            cursor.execute(f"DROP INDEX {index}")
        with pytest.raises(CommandError) as caught:
            run()
        transaction.set_rollback(True)
    assert caught.value.returncode == 1
    assert [query for _, query in DROPPED if query not in str(caught.value)] == []


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


def test_every_list_and_detail_runs_what_is_declared():
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
