"""What the caches say of themselves: to staff through the API and a page, to operators by commands."""

import json
from contextlib import suppress

import pytest
import redis
from django.conf import settings as project
from django.contrib.admin.models import LogEntry
from django.core.management import CommandError, call_command
from django.test import Client

from perf.caching.counts import CacheCounter, counter
from perf.caching.redis import redis_cache
from tests.helpers import client_for, conversation, error

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/admin/cache/stats"
PAGE = "/admin/perf/cache/"
LIST = "/api/v1/conversations"
TTLS = dict.fromkeys(("budgets", "comparisons", "conversations", "keys", "leaderboard", "selection"), 300) | {
    "models": 86_400,
    "user_state": 60,
}

shared_only = pytest.mark.skipif(not project.REDIS_URL, reason="needs Redis")


@pytest.fixture
def desk(staff) -> Client:
    client = Client()
    client.force_login(staff)
    return client


def figures(staff, name="conversations"):
    return next(row for row in client_for(staff).get(URL).json()["namespaces"] if row["name"] == name)


def test_every_lookup_and_change_is_counted_once(staff, ann):
    api, before = client_for(ann), figures(staff)
    for _ in range(4):
        api.get(LIST)
    conversation(ann)
    after = figures(staff)
    grown = {field: after[field] - before[field] for field in ("hits", "misses", "sets", "invalidations")}
    assert grown == {"hits": 3, "misses": 1, "sets": 1, "invalidations": 1}
    assert after["hit_rate"] == after["hits"] / (after["hits"] + after["misses"])


def test_the_whole_payload(staff):
    body = client_for(staff).get(URL).json()
    assert body["backend"] == ("redis" if project.REDIS_URL else "locmem")
    assert {row["name"]: row["ttl"] for row in body["namespaces"]} == TTLS
    fields = {"name", "hits", "misses", "hit_rate", "sets", "invalidations", "ttl"}
    assert all(set(row) == fields for row in body["namespaces"])


def test_only_staff_see_the_statistics(ann, visitor):
    message = "You do not have permission to perform this action."
    assert client_for(ann).get(URL).json() == error("permission_denied", message)
    assert visitor.get(URL).status_code == 401


def test_the_page_shows_each_namespace(desk, ann):
    client_for(ann).get(LIST)
    text = desk.get(PAGE).content.decode()
    for name, ttl in TTLS.items():
        assert f"Clear {name}" in text
        assert {60: "1 min", 300: "5 min", 86_400: "24 h"}[ttl] in text
    assert "perf/cache/" in desk.get("/admin/").content.decode()


def test_a_button_clears_one_namespace_and_is_logged(desk, ann, staff):
    api = client_for(ann)
    api.get(LIST)
    api.get("/api/v1/models")
    response = desk.post(PAGE, {"namespace": "conversations"}, follow=True)
    assert "Cleared conversations." in response.content.decode()
    assert api.get(LIST).headers["X-Cache"] == "miss"
    assert api.get("/api/v1/models").headers["X-Cache"] == "hit"
    entry = LogEntry.objects.get()
    assert (entry.user, entry.get_change_message()) == (staff, "Cleared conversations.")
    assert "Cleared conversations." not in desk.get(PAGE).content.decode()  # said once


def test_another_clears_all(desk, ann):
    client_for(ann).get("/api/v1/models")
    desk.post(PAGE, {"namespace": ""})
    assert client_for(ann).get("/api/v1/models").headers["X-Cache"] == "miss"
    assert LogEntry.objects.get().get_change_message() == f"Cleared {', '.join(sorted(TTLS))}."


def test_an_unknown_namespace_clears_nothing(desk):
    assert "no such namespace" in desk.post(PAGE, {"namespace": "x"}, follow=True).content.decode()
    assert not LogEntry.objects.exists()


def test_a_button_needs_the_page(staff):
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff)
    assert client.post(PAGE, {"namespace": ""}).status_code == 403


def test_only_active_staff_see_the_page(ann, client):
    assert client.get(PAGE).status_code == 302
    client.force_login(ann)
    assert client.get(PAGE).status_code == 302
    assert client.delete(PAGE).status_code == 302


@shared_only
def test_the_command_prints_what_the_api_answers(staff, capsys):
    body = client_for(staff).get(URL).json()
    call_command("cache_stats", "--json")
    assert json.loads(capsys.readouterr().out)["backend"] == body["backend"]
    call_command("cache_stats")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["namespace", *sorted(TTLS)]


@shared_only
def test_warming_spares_the_first_reader(openai, ann, capsys):
    conversation(ann)
    call_command("warm_cache", "--users", "5")
    assert capsys.readouterr().out == "Warmed 3 of 3 lists; the others were warm.\n"
    api = client_for(ann)
    for path in (LIST, "/api/v1/models", "/api/v1/models?provider=openai"):
        assert api.get(path).headers["X-Cache"] == "hit"
    call_command("warm_cache")
    assert capsys.readouterr().out == "Warmed 0 of 3 lists; the others were warm.\n"


@pytest.mark.skipif(bool(project.REDIS_URL), reason="with Redis they work")
@pytest.mark.parametrize("command", ["cache_stats", "warm_cache"])
def test_without_redis_the_commands_explain_that_they_cannot_work(command):
    with pytest.raises(CommandError, match="its own memory"):
        call_command(command)


@shared_only
def test_counts_of_a_failed_flush_are_kept(settings):
    before, working = counter.totals("models").hits, settings.CACHES
    own = CacheCounter()
    settings.CACHES = {"default": redis_cache("redis://127.0.0.1:1", connections=2)}  # nothing listens there
    own.add("models", "hits")
    with suppress(Exception):
        own.flush()
    with pytest.raises(redis.ConnectionError):
        own.flush()
    settings.CACHES = working
    assert own.totals("models").hits == before + 1
