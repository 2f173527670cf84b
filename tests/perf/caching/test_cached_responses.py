"""Cached lists: who is served from the cache, with which headers, and what makes them forgotten."""

import gzip
import json

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from conversations import caches
from conversations.models import Comparison, ComparisonResult, Conversation, Message
from models_registry.models import LLMModel, Provider
from perf.caching.counts import counter
from tests.helpers import cache_state as state
from tests.helpers import client_for, conversation

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/api/v1/conversations"


@pytest.mark.parametrize("path", [LIST, "/api/v1/comparisons", "/api/v1/leaderboard", "/api/v1/models"])
def test_the_second_read_is_a_hit_without_queries(api, path, django_assert_num_queries):
    first = api.get(path)
    with django_assert_num_queries(0):
        second = api.get(path)
    assert (first.headers["X-Cache"], second.headers["X-Cache"]) == ("miss", "hit")
    assert (first.content, first.headers["ETag"]) == (second.content, second.headers["ETag"])


def test_the_detail_is_cached_too(api, ann, django_assert_num_queries):
    path = f"{LIST}/{conversation(ann).pk}"
    state(api, path)
    with django_assert_num_queries(0):
        assert state(api, path) == "hit"


def test_private_and_public_headers(api):
    private, public = api.get(LIST), api.get("/api/v1/models")
    assert private.headers["Cache-Control"] == "private, no-cache"
    assert {"Accept", "Accept-Encoding", "Authorization", "Cookie"} <= set(private.headers["Vary"].split(", "))
    assert public.headers["Cache-Control"] == "public, no-cache"
    assert "Authorization" not in public.headers["Vary"]


def test_a_known_etag_is_answered_without_a_body(api):
    tag = api.get(LIST).headers["ETag"]
    for wanted in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = api.get(LIST, headers={"If-None-Match": wanted})
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", tag)
        assert {"Cache-Control", "Vary"} <= set(answer.headers)
    assert api.get(LIST, headers={"If-None-Match": '"other"'}).status_code == 200


def test_large_bodies_are_compressed_if_the_client_accepts_it(api, ann):
    for number in range(10):
        conversation(ann, title=f"number {number}")
    plain, zipped = api.get(LIST), api.get(LIST, headers={"Accept-Encoding": "br, gzip"})
    assert gzip.decompress(zipped.content) == plain.content
    assert (zipped.headers["Content-Encoding"], "Content-Encoding" in plain.headers) == ("gzip", False)
    assert zipped.headers["ETag"] != plain.headers["ETag"]
    assert "Content-Encoding" not in api.get(LIST, headers={"Accept-Encoding": "gzip;q=0"}).headers


def test_a_ttl_of_zero_stores_nothing_and_compresses_on_demand(api, ann, monkeypatch):
    monkeypatch.setattr(caches.conversations, "ttl", 0)
    for number in range(10):
        conversation(ann, title=f"number {number}")
    assert [state(api), state(api)] == ["miss", "miss"]
    plain, zipped = api.get(LIST), api.get(LIST, headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(zipped.content) == plain.content


def test_one_users_list_is_never_anothers(ann, bob):
    mine = conversation(ann, title="mine")
    assert [row["id"] for row in client_for(ann).get(LIST).json()["results"]] == [str(mine.pk)]
    assert client_for(bob).get(LIST).json()["results"] == []


def test_only_known_parameters_tell_entries_apart(api):
    assert state(api) == "miss"
    assert state(api, f"{LIST}?page_size=20&ordering=-last_message_at&nonsense=1") == "hit"
    assert state(api, f"{LIST}?page_size=21") == "miss"
    assert state(api, f"{LIST}?provider=openai") == "miss"


def test_a_refused_request_stores_nothing(api):
    for _ in range(2):
        assert api.get(f"{LIST}?page_size=0").status_code == 400


CHANGES = {
    "save": lambda row: row.save(),
    "delete": lambda row: row.delete(),
    "update": lambda row: Conversation.objects.filter(pk=row.pk).update(title="new"),
    "bulk_update": lambda row: Conversation.objects.bulk_update([row], ["title"]),
    "bulk_create": lambda row: Conversation.objects.bulk_create([Conversation(user=row.user, provider="p", model="m")]),
    "delete of a queryset": lambda row: Conversation.objects.filter(user=row.user).delete(),
    "messages created": lambda row: Message.objects.bulk_create([Message(conversation=row, role="user")]),
    "messages updated": lambda row: Message.objects.filter(conversation=row).update(content="new"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_of_a_conversation_is_seen_at_once(api, ann, change):
    row = conversation(ann, title="old")
    Message.objects.create(conversation=row, role="user", content="old")
    state(api)
    change(row)
    assert state(api) == "miss"


COMPARED = {
    "save": lambda row: row.save(),
    "update": lambda row: Comparison.objects.filter(pk=row.pk).update(analysis="new"),
    "results created": lambda row: ComparisonResult.objects.bulk_create([ComparisonResult(comparison=row, index=1)]),
    "results updated": lambda row: ComparisonResult.objects.filter(comparison=row).update(response="new"),
    "delete": lambda row: row.delete(),
}


@pytest.mark.parametrize("path", ["/api/v1/comparisons", "/api/v1/leaderboard"])
@pytest.mark.parametrize("change", COMPARED.values(), ids=COMPARED)
def test_every_change_of_a_comparison_is_seen_at_once(api, ann, path, change):
    row = Comparison.objects.create(user=ann, prompt="?")
    ComparisonResult.objects.create(comparison=row, index=0, provider="p", model="m")
    state(api, path)
    change(row)
    assert state(api, path) == "miss"


REGISTRY = {
    "provider saved": lambda row: row.provider.save(),
    "provider disabled by update": lambda row: Provider.objects.update(enabled=False),
    "model saved": lambda row: row.save(),
    "models updated": lambda row: LLMModel.objects.update(deprecated=True),
    "models created": lambda row: LLMModel.objects.bulk_create(
        [LLMModel(provider=row.provider, model_id="n", name="n")]
    ),
    "cascade": lambda row: row.provider.delete(),
}


@pytest.mark.parametrize("change", REGISTRY.values(), ids=REGISTRY)
def test_every_change_of_the_registry_is_seen_at_once(api, change):
    provider = Provider.objects.create(slug="one", name="One", kind="openai")
    row = LLMModel.objects.create(provider=provider, model_id="m", name="m")
    state(api, "/api/v1/models")
    change(row)
    assert state(api, "/api/v1/models") == "miss"


def test_deleting_a_user_invalidates_their_entries(ann):
    conversation(ann)
    before = counter.totals("conversations").invalidations
    User.objects.filter(pk=ann.pk).delete()
    assert counter.totals("conversations").invalidations > before


@pytest.fixture
def forgotten():
    """Count how often conversations have been forgotten since."""
    before = counter.totals("conversations").invalidations
    return lambda: counter.totals("conversations").invalidations - before


def test_many_changes_in_one_transaction_invalidate_once(ann, bob, forgotten):
    with transaction.atomic():
        for number in range(3):
            row = conversation(ann, title=str(number), messages=2)
        row.save()
        assert forgotten() == 0
    assert forgotten() == 1
    with transaction.atomic():
        conversation(ann)
        conversation(bob)
    assert forgotten() == 3


@pytest.mark.parametrize("earlier", [True, False])
@pytest.mark.parametrize("inside", ["kept", "rolled back"])
@pytest.mark.parametrize("later", [True, False])
def test_a_savepoint_rollback_keeps_the_invalidations_outside_of_it(api, ann, forgotten, earlier, inside, later):
    state(api)
    with transaction.atomic():
        if earlier:
            conversation(ann)
        with transaction.atomic():
            conversation(ann)
            transaction.set_rollback(inside == "rolled back")
        if later:
            conversation(ann)
    changed = earlier or inside == "kept" or later
    assert (state(api), forgotten() > 0) == (("miss", True) if changed else ("hit", False))


def test_a_change_of_very_many_owners_invalidates_each(django_user_model, forgotten):
    users = django_user_model.objects.bulk_create(django_user_model(username=str(number)) for number in range(200))
    with transaction.atomic():
        Conversation.objects.bulk_create([Conversation(user=user, provider="p", model="m") for user in users * 2])
    assert forgotten() == 200


def test_inside_a_transaction_nothing_is_read_or_stored(api, ann):
    state(api)
    with transaction.atomic():
        conversation(ann, title="uncommitted")
        assert len(api.get(LIST).json()["results"]) == 1
        transaction.set_rollback(True)
    assert (state(api), api.get(LIST).json()["results"]) == ("hit", [])


def test_html_pages_are_not_cached(ann, client):
    client.force_login(ann)
    response = client.get(LIST, headers={"Accept": "text/html"})
    assert (response.headers["Content-Type"], "X-Cache" in response.headers) == ("text/html; charset=utf-8", False)


def test_a_cached_body_equals_an_uncached_one(api, ann):
    conversation(ann, title="same")
    uncached = api.get(f"{LIST}?search=same").json()["results"]
    for row in uncached:
        row["snippet"] = None
    assert json.loads(api.get(LIST).content)["results"] == uncached
