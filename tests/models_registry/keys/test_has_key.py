"""Who has keys of their own is remembered, never the keys, and forgotten with every change of them."""

import pytest

from models_registry.catalogue.lookup import has_key
from models_registry.keys.storage import find_key, store_key
from models_registry.models import APIKey, Provider
from tests.helpers import client_for

pytestmark = pytest.mark.django_db(transaction=True)

OPENAI, SECRET = "/api/v1/keys/openai", "sk-0123456789abcdef"


def store(user, provider):
    store_key(user=user, provider=provider, key=SECRET, override_system_key=True)


def test_a_cached_look_up_takes_no_query(ann, openai, django_assert_num_queries):
    with django_assert_num_queries(2):  # users' own and shared ones
        assert find_key(user_id=ann.pk, provider=openai) == "sk-test"
    with django_assert_num_queries(0):
        assert find_key(user_id=ann.pk, provider=openai) == "sk-test"


def test_a_key_of_another_user_does_not_count(ann, bob, openai, anthropic):
    store(bob, openai)
    assert (has_key(ann.pk, openai), has_key(bob.pk, openai), has_key(bob.pk, anthropic)) == (False, True, False)


@pytest.mark.parametrize(
    "appear",
    [
        lambda user, _: client_for(user).put(OPENAI, {"key": SECRET}),
        lambda user, provider: store(user, provider),
        lambda user, provider: APIKey.objects.bulk_create([APIKey(user=user, provider=provider)]),
    ],
)
def test_a_new_key_counts_at_once(ann, openai, appear):
    assert not has_key(ann.pk, openai)
    appear(ann, openai)
    assert has_key(ann.pk, openai)


@pytest.mark.parametrize(
    "vanish",
    [
        lambda user, _: client_for(user).delete(OPENAI),
        lambda *_: APIKey.objects.all().delete(),
        lambda _, provider: provider.delete(),
        lambda user, _: user.delete(),
    ],
)
def test_a_deleted_key_no_longer_counts(ann, openai, vanish):
    store(ann, openai)
    user_id, provider = ann.pk, Provider(pk=openai.pk)
    assert has_key(user_id, provider)
    vanish(ann, openai)
    assert not has_key(user_id, provider)


def test_a_key_given_to_another_user_no_longer_counts(ann, bob, openai):
    store(ann, openai)
    assert (has_key(ann.pk, openai), has_key(bob.pk, openai)) == (True, False)
    APIKey.objects.update(user=bob)
    assert (has_key(ann.pk, openai), has_key(bob.pk, openai)) == (False, True)
