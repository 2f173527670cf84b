"""However many queries a user invents, so many answers are kept: the newest."""

import pytest
from django.conf import settings as configured
from django.core.cache import cache

from perf.caching import entries, generations
from perf.caching.namespace import NAMESPACES, Namespace
from tests.helpers import client_for, conversation
from tests.traces import cached_text

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/api/v1/conversations"
INVENTED = 300


@pytest.fixture
def namespace():
    yield Namespace("test", ttl=60, max_entries=3)
    del NAMESPACES["test"]


def kept():
    """Count the keys of a cache, whatever they are for."""
    if configured.REDIS_URL:
        return len(cache.client.get_client().keys("*"))
    return len(cache._cache)


def test_invented_filters_make_a_bounded_number_of_keys(ann):
    conversation(ann)
    api = client_for(ann)
    api.get(LIST)
    before = kept()
    for number in range(INVENTED):
        assert api.get(f"{LIST}?model=invented-{number}").headers["X-Cache"] == "miss"
    assert kept() - before <= generations.MAX_ENTRIES + 5  # and keys in which something is counted
    newest = [f"{LIST}?model=invented-{INVENTED - 1 - number}" for number in range(generations.MAX_ENTRIES - 1)]
    assert {api.get(path).headers["X-Cache"] for path in newest} == {"hit"}


def test_the_oldest_entry_is_evicted(namespace):
    def read(query):
        return namespace.fetch(namespace.key(1, query), lambda: query)[1]

    assert [read(query) for query in "abcd"] == [False] * 4
    assert [read(query) for query in "bcd"] == [True] * 3
    assert read("a") is False


def test_eviction_leaves_other_owners_alone(namespace):
    def read(owner, query):
        return namespace.fetch(namespace.key(owner, query), lambda: query)[1]

    read(1, "q")
    for number in range(10):
        read(2, str(number))
    assert read(1, "q") is True


def test_an_entry_stored_twice_counts_once(namespace):
    def read(query):
        return namespace.fetch(namespace.key(1, query), lambda: query)[1]

    for query in "ab":
        read(query)
    for _ in range(5):
        namespace.invalidate(1)
        read("a")
    namespace.invalidate(1)
    assert [read(query) for query in "abc"] == [False] * 3
    assert [read(query) for query in "abc"] == [True] * 3


def test_a_value_invalidated_while_it_loads_is_not_stored(namespace):
    def load():
        namespace.invalidate(1)
        return "a mark that is found"

    namespace.fetch(namespace.key(1, "q"), load)
    assert "a mark that is found" not in cached_text()


@pytest.mark.skipif(bool(configured.REDIS_URL), reason="of the cache in memory")
def test_memory_keeps_a_bounded_number_of_owners(namespace, monkeypatch):
    monkeypatch.setattr(entries, "OWNERS_IN_MEMORY", 5)
    for owner in range(20):
        namespace.fetch(namespace.key(owner, "q"), lambda: "of an owner")
    assert cached_text().count("of an owner") == 5
