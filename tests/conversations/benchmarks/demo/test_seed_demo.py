"""`manage.py seed_demo`: what it adds, that it adds it once, and where it refuses."""

import json

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from conversations.benchmarks.demo import seed as seeding
from conversations.models import Comparison, ComparisonResult, Conversation, Message
from tests.helpers import client_for, conversation, login

pytestmark = pytest.mark.django_db

SMALL = {"users": 3, "conversations": 4, "messages": 5, "comparisons": 6}
TABLES = (Conversation, Message, Comparison, ComparisonResult)


@pytest.fixture
def seed_demo(capsys):
    def run(**options):
        call_command("seed_demo", **{**SMALL, **options})
        return capsys.readouterr().out

    return run


def content():
    return [list(model.objects.order_by("pk").values()) for model in TABLES]


def counts():
    return [model.objects.count() for model in (User, Conversation, Message, Comparison)]


def assert_in_step():
    """Compare what conversations say of their messages with the messages."""
    for row in Conversation.objects.all():
        messages = list(row.messages.order_by("created_at", "id"))
        asked = [message.content for message in messages if message.role == "user"]
        assert row.message_count == len(messages)
        assert row.preview == (asked[-1][:100] if asked else "")
        assert row.last_message_at == (messages[-1].created_at if messages else row.created_at)
        assert row.created_at <= row.last_message_at < timezone.now()
        assert [message.role for message in messages] == (["user", "assistant"] * len(messages))[: len(messages)]


def test_it_adds_and_reports_the_requested_rows(seed_demo):
    assert seed_demo() == "Added 3 users, 12 conversations, 60 messages, 18 comparisons.\n"
    assert counts() == [3, 12, 60, 18]
    assert_in_step()
    assert sorted(User.objects.values_list("username", flat=True)) == ["demo-001", "demo-002", "demo-003"]
    assert not any(user.has_usable_password() for user in User.objects.all())


def test_answers_have_figures_and_questions_have_none(seed_demo):
    seed_demo()
    for message in Message.objects.all():
        figures = [message.prompt_tokens, message.completion_tokens, message.cost, message.time, message.ttft]
        if message.role == "user":
            assert figures == [None] * 5
        else:
            assert all(figure > 0 for figure in figures)
            assert message.ttft < message.time


def test_conversations_of_today_are_over_and_added_once(seed_demo):
    seed_demo(today=40)
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    rows = Conversation.objects.filter(created_at__gte=midnight)
    assert rows.count() <= 3 * 40
    if timezone.now().hour:  # soon after midnight there may be none
        assert rows.exists()
    assert_in_step()
    before = set(rows.values_list("pk", flat=True))
    seed_demo(today=40)
    assert before <= set(rows.values_list("pk", flat=True))
    assert_in_step()


def test_a_second_run_changes_nothing(seed_demo):
    seed_demo()
    before = content()
    assert seed_demo() == "Nothing was missing.\n"
    assert content() == before


def test_the_data_does_not_depend_on_the_run(seed_demo):
    seed_demo()
    before = content()
    User.objects.all().delete()
    seed_demo()
    for rows in [*before, *(after := content())]:
        for row in rows:
            row.pop("user_id", None)
    assert after == before


@pytest.mark.parametrize("messages", [5, 8])
def test_larger_numbers_add_what_is_missing(seed_demo, messages):
    seed_demo()
    larger = {"users": 5, "conversations": 7, "messages": messages, "comparisons": 9}
    seed_demo(**larger)
    assert counts() == [5, 35, 35 * messages, 45]
    assert_in_step()
    grown = content()
    User.objects.all().delete()
    seed_demo(**larger)
    for rows in [*grown, *(at_once := content())]:
        for row in rows:
            row.pop("user_id", None)
    assert at_once == grown


def test_smaller_numbers_remove_nothing(seed_demo):
    seed_demo()
    assert seed_demo(users=1, conversations=1, messages=1, comparisons=1) == "Nothing was missing.\n"
    assert counts() == [3, 12, 60, 18]


def test_an_interrupted_run_is_completed_by_the_next(seed_demo, monkeypatch):
    def stop(rows):
        raise KeyboardInterrupt

    monkeypatch.setattr(seeding, "MESSAGES_AT_ONCE", 20)  # two conversations at a time
    amount = seeding.Amount(**SMALL)
    with pytest.raises(KeyboardInterrupt):
        seeding.seed(amount, progress=stop)
    assert 0 < Message.objects.count() < 60
    assert_in_step()
    seed_demo()
    assert counts() == [3, 12, 60, 18]
    assert_in_step()


def test_deleted_rows_come_back_and_renamed_ones_stay(seed_demo):
    seed_demo()
    gone, renamed = Conversation.objects.all()[:2]
    gone.delete()
    Conversation.objects.filter(pk=renamed.pk).update(title="Mine")
    assert seed_demo() == "Added 0 users, 1 conversations, 5 messages, 0 comparisons.\n"
    seed_demo(messages=6)
    renamed.refresh_from_db()
    assert (renamed.title, renamed.message_count) == ("Mine", 6)


def test_a_conversation_that_a_user_has_written_to_is_left_alone(seed_demo, echo):
    seed_demo(messages=4)
    row = Conversation.objects.filter(user__username="demo-001")[0]
    api = client_for(row.user)
    body = {"conversation_id": str(row.pk), "message": "Hello", "provider": "echo", "model": "echo-fast"}
    assert api.post("/api/v1/chat", body).status_code == 200
    seed_demo(messages=10)
    row.refresh_from_db()
    assert row.message_count == row.messages.count() == 6
    assert_in_step()


def test_one_user_may_have_most(seed_demo):
    seed_demo(users=4, conversations=5, heavy_user=13)
    having = [Conversation.objects.filter(user__username=f"demo-00{number}").count() for number in (1, 2, 3, 4)]
    assert having == [13, 3, 2, 2]


def test_demo_users_log_in_with_the_password(seed_demo):
    seed_demo()
    assert seed_demo(password="open sesame please") == "Nothing was missing.\n"
    assert login("demo-002", "open sesame please")["access"]
    before = User.objects.get(username="demo-002").password
    seed_demo(password="open sesame please")
    assert User.objects.get(username="demo-002").password == before


def test_a_real_account_is_not_taken_for_a_demo_user(seed_demo):
    User.objects.create_user("demo-002", password="own")
    with pytest.raises(CommandError, match="demo-002 is somebody's account"):
        seed_demo(password="taken over")
    assert User.objects.get(username="demo-002").check_password("own")
    assert counts() == [1, 0, 0, 0]


def test_production_is_refused_without_force(seed_demo, settings):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="--force"):
        seed_demo()
    assert counts() == [0, 0, 0, 0]
    seed_demo(force=True)
    assert counts() == [3, 12, 60, 18]


@pytest.mark.parametrize(
    "options", [{"users": -1}, {"messages": -2}, {"heavy_user": 13}, {"heavy_user": -1}, {"users": 1, "heavy_user": 1}]
)
def test_impossible_numbers_are_refused(seed_demo, options):
    with pytest.raises(CommandError):
        seed_demo(**options)
    assert counts() == [0, 0, 0, 0]


@pytest.mark.parametrize("missing", ["users", "conversations", "messages", "comparisons"])
def test_any_number_may_be_zero(seed_demo, missing):
    seed_demo(**{missing: 0})
    assert_in_step()


@pytest.mark.django_db(transaction=True)
def test_caches_are_invalidated(seed_demo):
    seed_demo(conversations=1, comparisons=1)
    api = client_for(User.objects.get(username="demo-001"))
    for path, more in (("conversations", {"conversations": 3}), ("comparisons", {"comparisons": 4})):
        link = f"/api/v1/{path}"
        assert [len(api.get(link).json()["results"]), api.get(link).headers["X-Cache"]] == [1, "hit"]
        seed_demo(**{"conversations": 1, "comparisons": 1, **more})
        assert len(api.get(link).json()["results"]) == next(iter(more.values()))


def test_lists_details_and_the_leaderboard_show_demo_data(seed_demo):
    seed_demo(conversations=30, comparisons=40)
    api = client_for(User.objects.get(username="demo-001"))
    first = api.get("/api/v1/conversations").json()["results"][0]
    detail = api.get(f"/api/v1/conversations/{first['id']}").json()
    assert [len(detail["messages"]), detail["preview"] in json.dumps(detail["messages"])] == [5, True]
    assert len(api.get("/api/v1/comparisons").json()["results"]) == 20
    board = api.get("/api/v1/leaderboard").json()["results"]
    assert len(board) > 5
    assert any(row["rating"] is not None for row in board)


def test_rows_of_other_users_are_untouched(ann, seed_demo):
    row = conversation(ann, messages=3)
    seed_demo()
    assert Conversation.objects.filter(user=ann).values().get() == Conversation.objects.filter(pk=row.pk).values().get()
    assert row.messages.count() == 3


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no autovacuum to be ahead of")
def test_the_planners_statistics_are_refreshed(seed_demo):
    seed_demo()
    with connection.cursor() as cursor:
        cursor.execute("SELECT n_distinct FROM pg_stats WHERE tablename = 'conversations_message' AND attname = 'role'")
        assert cursor.fetchone() == (2.0,)
