"""A cache that fails: requests go on without it, and what it was not told in time it is told later."""

import pytest

from perf.caching import outage as module
from perf.caching.namespace import NAMESPACES, Namespace
from perf.caching.outage import Outage, outage
from perf.caching.redis import redis_cache
from tests.helpers import eventually

pytestmark = pytest.mark.django_db(transaction=True)


GONE = {"default": redis_cache("redis://127.0.0.1:1", connections=2)}  # nothing listens there


@pytest.fixture
def namespace():
    yield Namespace("test", ttl=60)
    del NAMESPACES["test"]


@pytest.fixture
def mend(settings):
    """Point the cache to where no server is; the returned function points it back."""
    working, settings.CACHES = settings.CACHES, GONE

    def mend():
        settings.CACHES = working

    yield mend
    mend()
    outage.end_pause()


def test_a_broken_cache_is_bypassed(namespace, mend):
    assert namespace.fetch(namespace.key(1, "q"), lambda: "loaded") == ("loaded", False)
    assert outage.active


def test_the_cache_is_bypassed_during_the_pause(namespace, mend):
    namespace.fetch(namespace.key(1, "q"), lambda: 1)
    mend()
    assert namespace.fetch(namespace.key(1, "q"), lambda: 2) == (2, False)
    assert namespace.fetch(namespace.key(1, "q"), lambda: 3) == (3, False)


def test_an_undelivered_invalidation_is_delivered_later(namespace, mend, settings, monkeypatch):
    monkeypatch.setattr(module, "RETRY_INTERVAL", 0.05)
    monkeypatch.setattr(module, "PAUSE", 0.0)
    mend()
    namespace.fetch(namespace.key(1, "q"), lambda: "old")
    assert namespace.fetch(namespace.key(1, "q"), lambda: "new") == ("old", True)
    settings.CACHES = GONE
    namespace.invalidate(1)
    assert outage.is_undelivered(("test", "1"))
    mend()
    assert namespace.fetch(namespace.key(1, "q"), lambda: "new")[0] == "new"  # owed or delivered, never the old one
    assert eventually(lambda: not outage.is_undelivered(("test", "1")))
    assert namespace.fetch(namespace.key(1, "q"), lambda: "newest")[0] != "old"


def test_redelivery_ends_when_all_is_delivered(monkeypatch):
    monkeypatch.setattr(module, "RETRY_INTERVAL", 0.02)
    own, tries = Outage(), []

    def deliver():
        tries.append(1)
        if len(tries) < 3:
            raise ConnectionError

    own.deliver_later("it", deliver)
    assert own.is_undelivered("it")
    assert eventually(lambda: not own.is_undelivered("it"))
    assert len(tries) == 3


def test_an_outage_is_logged_once_a_minute(caplog):
    own = Outage()
    for _ in range(5):
        own.failed(ConnectionError("gone"))
    assert [record.message for record in caplog.records] == ["the cache fails; going on without it"]
