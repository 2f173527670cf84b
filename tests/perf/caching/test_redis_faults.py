"""A Redis that is killed, comes back, is full or frozen: a real server of the tests' own, started and killed here."""

import pytest

from perf.benchmarks.services import redis_server
from perf.caching.generations import Place, forget_owner, keep, look_up
from perf.caching.namespace import NAMESPACES, Namespace
from perf.caching.outage import outage
from perf.caching.redis import redis_cache
from tests.helpers import client_for, conversation, eventually
from tests.servers import redis_as_cache

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/api/v1/conversations"
PLACE = Place("test", "1", "q")


@pytest.fixture
def server(settings):
    with redis_as_cache(settings) as server:
        yield server


@pytest.fixture
def namespace():
    yield Namespace("test", ttl=60)
    del NAMESPACES["test"]


def read(namespace, value):
    return namespace.fetch(namespace.place(1, "q"), lambda: value)


def test_what_a_killed_server_had_saved_is_not_believed(server, namespace):
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
            assert not look_up([PLACE])[0].hit
            settings.CACHES = ours

        yield talk_to_another


def test_keys_made_for_another_server_are_made_again(another):
    keep(PLACE, look_up([PLACE])[0], "current", 60)
    another()
    assert look_up([PLACE])[0].value == "current"
    another()
    forget_owner(PLACE.namespace, PLACE.owner)
    assert not look_up([PLACE])[0].hit


def test_while_it_is_away_requests_go_on_and_health_says_so(server, ann, visitor):
    api = client_for(ann)
    api.get(LIST)
    server.kill()
    assert api.get(LIST).headers["X-Cache"] == "miss"
    conversation(ann, title="meanwhile")
    assert [row["title"] for row in api.get(LIST).json()["results"]] == ["meanwhile"]
    assert visitor.get("/health").json()["status"] == "degraded"
    server.start()
    assert eventually(lambda: not outage.lasting and not outage.owes(("conversations", str(ann.pk))))
    assert [api.get(LIST).headers["X-Cache"] for _ in range(2)] == ["miss", "hit"]
    assert visitor.get("/health").json()["status"] == "ok"


def test_a_full_one_forgets_what_it_must_and_is_no_outage(server, namespace):
    read(namespace, "old")
    server.client.config_set("maxmemory", 1)
    assert read(namespace, "new") == ("old", True)
    namespace.invalidate(1)
    assert read(namespace, "new") == ("new", False)
    assert read(namespace, "newer") == ("newer", False)
    assert not outage.lasting
    server.client.config_set("maxmemory", 0)
    assert [read(namespace, "newest") for _ in range(2)] == [("newest", False), ("newest", True)]


def test_what_a_frozen_one_was_not_told_it_is_told_when_it_answers(server, namespace):
    read(namespace, "old")
    server.freeze()
    try:
        namespace.invalidate(1)
        assert outage.owes(("test", "1"))
        assert read(namespace, "new") == ("new", False)
    finally:
        server.thaw()
    assert eventually(lambda: not outage.owes(("test", "1")))
    assert read(namespace, "newer") == ("newer", False)


def test_staff_learn_that_nothing_was_cleared(server, staff, namespace):
    api = client_for(staff)
    server.kill()
    for response in (api.post("/api/v1/admin/cache/clear", {}), api.get("/api/v1/admin/cache/stats")):
        assert (response.status_code, response.json()["error"]) == (503, "server_busy")
        assert response.headers["Retry-After"] == "1"


def test_so_does_the_page(server, admin_client):
    server.kill()
    assert admin_client.get("/admin/perf/cache/").status_code == 503
    assert "does not answer" in admin_client.post("/admin/perf/cache/", {"namespace": ""}, follow=True).content.decode()
