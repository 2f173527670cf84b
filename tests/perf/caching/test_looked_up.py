"""Keys that are looked up together for a block, in one round trip."""

import pytest

from models_registry.caches import budgets, keys
from perf.caching.namespace import looked_up
from perf.caching.outage import outage

pytestmark = pytest.mark.django_db(transaction=True)


def fetched(namespace, owner, value):
    return namespace.fetch(namespace.key(owner, "all"), lambda: value)


def test_the_block_uses_what_was_looked_up_and_later_calls_look_again(ann):
    places = [keys.key(ann.pk, "all"), budgets.key(ann.pk, "all")]
    fetched(keys, ann.pk, 1)
    with looked_up(places):
        keys.invalidate(ann.pk)
        assert fetched(keys, ann.pk, 2) == (1, True)
        assert fetched(budgets, ann.pk, 3) == (3, False)
        assert fetched(budgets, "another", 4) == (4, False)
    assert fetched(keys, ann.pk, 2) == (2, False)
    assert fetched(budgets, ann.pk, 5) == (3, True)


def test_a_value_loaded_under_an_older_generation_never_counts(ann):
    with looked_up([keys.key(ann.pk, "all")]):
        keys.invalidate(ann.pk)
        fetched(keys, ann.pk, "old")
    assert fetched(keys, ann.pk, "new") == ("new", False)


def test_nothing_is_looked_up_while_the_cache_fails(ann):
    fetched(keys, ann.pk, 1)
    outage.failed(ConnectionError("the cache is away"))
    try:
        with looked_up([keys.key(ann.pk, "all")]):
            assert fetched(keys, ann.pk, 2) == (2, False)
    finally:
        outage.reset()
