"""A Redis that is killed, comes back, is full or frozen: a real server of the tests' own, started and killed here."""

import pytest

from perf.benchmarks.services import redis_server
from perf.caching.generations import CacheKey, invalidate_owner, read_entries, store_entry
from perf.caching.namespace import NAMESPACES, Namespace
from perf.caching.outage import outage
from perf.caching.redis import redis_cache
from tests.helpers import client_for, conversation, eventually
from tests.servers import redis_as_cache

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/api/v1/conversations"
KEY = CacheKey("test", "1", "q")


@pytest.fixture
def server(settings):
    with redis_as_cache(settings) as server:
        yield server


@pytest.fixture
def namespace():
    yield Namespace("test", ttl=60)
    del NAMESPACES["test"]


def read(namespace, value):
    return namespace.fetch(namespace.key(1, "q"), lambda: value)


def test_data_saved_by_a_killed_server_is_not_used(server, namespace):
    read(namespace, "old")
    assert read(namespace, "new") == ("old", True)
    server.client.save()
    server.kill()
    server.start()
    assert server.client.keys("*:test:1:*") != []  # the old data is there
    assert read(namespace, "new") == ("new", False)
    assert read(namespace, "newer") == ("new", True)


@pytest.fixture
def another(server, settings):
    """Return a function that talks to another server once, so that ours answers next as one that comes back does."""
    ours = settings.CACHES
    with redis_server() as other:

        def talk_to_another():
            settings.CACHES = {"default": redis_cache(other.url, connections=10)}
            assert not read_entries([KEY])[0].hit
            settings.CACHES = ours

        yield talk_to_another


def test_keys_made_for_another_server_are_replaced(another):
    store_entry(KEY, read_entries([KEY])[0], "current", 60)
    another()
    assert read_entries([KEY])[0].value == "current"
    another()
    invalidate_owner(KEY.namespace, KEY.owner)
    assert not read_entries([KEY])[0].hit


def test_requests_go_on_without_redis_and_health_reports_it(server, ann, visitor):
    api = client_for(ann)
    api.get(LIST)
    server.kill()
    assert api.get(LIST).headers["X-Cache"] == "miss"
    conversation(ann, title="meanwhile")
    assert [row["title"] for row in api.get(LIST).json()["results"]] == ["meanwhile"]
    assert visitor.get("/health").json()["status"] == "degraded"
    server.start()
    assert eventually(lambda: not outage.active and not outage.is_undelivered(("conversations", str(ann.pk))))
    assert [api.get(LIST).headers["X-Cache"] for _ in range(2)] == ["miss", "hit"]
    assert visitor.get("/health").json()["status"] == "ok"


def test_a_full_redis_takes_invalidations_and_is_no_outage(server, namespace):
    read(namespace, "old")
    server.client.config_set("maxmemory", 1)
    assert read(namespace, "new") == ("old", True)
    namespace.invalidate(1)
    assert read(namespace, "new") == ("new", False)
    assert read(namespace, "newer") == ("newer", False)
    assert not outage.active
    server.client.config_set("maxmemory", 0)
    assert [read(namespace, "newest") for _ in range(2)] == [("newest", False), ("newest", True)]


def test_invalidations_reach_a_frozen_redis_when_it_answers_again(server, namespace):
    read(namespace, "old")
    server.freeze()
    try:
        namespace.invalidate(1)
        assert outage.is_undelivered(("test", "1"))
        assert read(namespace, "new") == ("new", False)
    finally:
        server.thaw()
    assert eventually(lambda: not outage.is_undelivered(("test", "1")))
    assert read(namespace, "newer") == ("newer", False)


def test_the_api_reports_a_failed_clear(server, staff, namespace):
    api = client_for(staff)
    server.kill()
    for response in (api.post("/api/v1/admin/cache/clear", {}), api.get("/api/v1/admin/cache/stats")):
        assert (response.status_code, response.json()["error"]) == (503, "server_busy")
        assert response.headers["Retry-After"] == "1"


def test_the_page_reports_a_failed_clear(server, admin_client):
    server.kill()
    assert admin_client.get("/admin/perf/cache/").status_code == 503
    assert "does not answer" in admin_client.post("/admin/perf/cache/", {"namespace": ""}, follow=True).content.decode()
