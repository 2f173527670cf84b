"""The index of the admin: today at a glance, and the sidebar's one current entry."""

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations.models import Conversation
from llmselect_project.accounts.sessions import start_session
from models_registry.calls.figures import record_call
from models_registry.calls.measurement import Measurement
from models_registry.models import APIKey, Provider
from perf.models import TimingBlock
from perf.pages import dashboard
from perf.pages.dashboard import count_since
from tests.helpers import conversation
from tests.perf.pages import measure
from tests.perf.pages.test_overview import texts

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def tiles(response):
    """Return the value of each tile by its title."""
    found = re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", response.content.decode(), re.DOTALL)
    return {title: re.sub(r"<[^>]+>", "", value) for title, value in found}


def test_it_shows_today(desk, ann):
    measure()
    record_call(
        provider="openai",
        model="m",
        outcome="failed",
        ttft=None,
        measured=Measurement(1, prompt_tokens=1, completion_tokens=0, cost=2.5),
    )
    conversation(ann, messages=3)
    start_session(user=ann)
    shown = tiles(desk.get("/admin/"))
    # Two were measured, and the page itself is counted when it is done.
    assert shown == {
        "Requests": "2",
        "Errors": "1",
        "Logins": "1",
        "Conversations": "1",
        "Messages": "3",
        "Calls of models": "2",
        "Spend": "$2.50",
    }


def test_what_was_made_before_midnight_is_not_of_today(ann):
    row = conversation(ann)
    old = uuid.UUID(int=int((timezone.now() - timedelta(days=2)).timestamp() * 1000) << 80 | 7 << 76)
    Conversation.objects.create(pk=old, user=ann, provider="-", model="-")
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    assert count_since(Conversation.objects.all(), today) == 1
    assert count_since(Conversation.objects.filter(pk=row.pk), timezone.now() + timedelta(hours=1)) == 0
    assert count_since(Conversation.objects.all(), datetime(2020, 1, 1, tzinfo=UTC)) == 2


def test_many_are_counted_up_to_a_limit(desk, ann, monkeypatch):
    monkeypatch.setattr(dashboard, "COUNT_LIMIT", 3)
    for _ in range(5):
        conversation(ann)
    assert tiles(desk.get("/admin/"))["Conversations"] == "3"


def test_it_takes_as_many_queries_for_many(desk, ann):
    """Whoever looked before left what is cached; a key of nobody's is looked for from the first provider on."""

    def count(many):
        for number in range(many):
            conversation(ann, messages=2)
            Provider.objects.create(slug=f"p{Provider.objects.count()}-{number}", name="P", kind="openai")
        desk.get("/admin/")
        with CaptureQueriesContext(connection) as queries:
            assert desk.get("/admin/").status_code == 200
        return len(queries)

    assert count(1) == count(40)


def test_it_says_what_needs_a_look(desk, settings):
    settings.SYSTEM_API_KEYS = {}
    Provider.objects.create(slug="one", name="One", kind="openai", check_error="Refused.")
    shown = texts(desk.get("/admin/"))
    assert "One problem The last check failed: Refused." in shown
    assert "Keys to do Share a key, or let users store their own." in shown
    assert "Database ok" in shown
    settings.SYSTEM_API_KEYS = {"one": "sk-test"}
    Provider.objects.update(check_error="")
    shown = texts(desk.get("/admin/"))
    assert "problem" not in shown
    assert "Providers ok 1 enabled, no check failed." in shown
    assert not APIKey.objects.exists()


def test_figures_that_cannot_be_read_do_not_take_the_page_away(desk, settings):
    settings.REDIS_URL = ""
    with connection.schema_editor() as editor:
        editor.delete_model(TimingBlock)
    try:
        response = desk.get("/admin/")
    finally:
        with connection.schema_editor() as editor:
            editor.create_model(TimingBlock)
    assert response.status_code == 200
    assert "The figures in the database cannot be read" in texts(response)
    assert tiles(response)["Requests"] == "\u2013"


def test_staff_without_rights_see_it(staff):
    client = Client()
    client.force_login(staff)
    shown = texts(client.get("/admin/"))
    assert "Requests" in shown
    assert "Login sessions" not in shown


@pytest.mark.parametrize(
    ("path", "current"),
    [
        ("/admin/perf/", "/admin/perf/"),
        ("/admin/perf/cache/", "/admin/perf/cache/"),
        ("/admin/perf/request/", "/admin/perf/"),
        ("/admin/conversations/message/", "/admin/conversations/message/"),
        ("/admin/auth/user/add/", "/admin/auth/user/"),
    ],
)
def test_one_entry_of_the_sidebar_is_current(desk, path, current):
    html = desk.get(path).content.decode()
    assert re.findall(r'<a href="([^"]+)" aria-current="page">', html) == [current]
    assert html.count("current-model") == 1
