"""Hits that are answered in front of Django: a token gets them only as long as it may."""

import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from llmselect_project.models import ApiToken
from tests.helpers import client_for, client_with, conversation, eventually, token_for
from tests.perf.serving.front import behind_front

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/api/v1/conversations"
CHANGES = {
    "revoked": ({"revoked_at": timezone.now()}, 401),
    "expired": ({"expires_at": timezone.now()}, 401),
    "other endpoints": ({"allowed_endpoints": ["chat"]}, 403),
    "of nobody": ({"digest": "0" * 64}, 401),
}


@pytest.fixture
def holder(ann):
    """Make a client with a token of Ann's, and a layer in front of it that remembers her list."""
    conversation(ann, title="one")
    return warm(client_with(token_for(ann)))


def warm(client):
    layer = behind_front(client)
    for _ in range(2):
        assert client.get(LIST).status_code == 200
    asked = layer.asked
    assert client.get(LIST).headers["X-Cache"] == "hit"
    assert layer.asked == asked, "Django was asked"
    return client


def test_it_costs_no_query(holder, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert holder.get(LIST).status_code == 200


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen_at_once(holder, change):
    values, code = CHANGES[change]
    ApiToken.objects.update(**values)
    assert [holder.get(LIST).status_code for _ in range(3)] == [code] * 3


def test_only_that_token_is_refused(holder, ann):
    other = warm(client_with(token_for(ann, name="other")))
    session = warm(client_for(ann))
    ApiToken.objects.filter(name="laptop").update(revoked_at=timezone.now())
    assert [client.get(LIST).status_code for client in (holder, other, session)] == [401, 200, 200]


def test_a_deactivated_user_gets_nothing(holder, ann):
    User.objects.filter(pk=ann.pk).update(is_active=False)
    assert holder.get(LIST).status_code == 401


def test_one_that_is_given_away_shows_the_others_list(holder, bob):
    ApiToken.objects.update(user=bob)
    assert [holder.get(LIST).json()["results"] for _ in range(3)] == [[], [], []]


def test_it_may_only_read_from_now_on_and_still_reads(holder):
    ApiToken.objects.update(read_only=True)
    assert [holder.get(LIST).status_code for _ in range(3)] == [200, 200, 200]
    assert holder.post(LIST, {}).status_code == 403


def test_one_that_expires_meanwhile_gets_nothing(ann):
    ends = timezone.now() + timedelta(seconds=2)
    client = warm(client_with(token_for(ann, expires_at=ends)))
    assert eventually(lambda: client.get(LIST).status_code == 401, seconds=5)
    assert time.time() >= ends.timestamp()


def test_a_key_in_the_other_header_is_another_request(ann, bob):
    """No answer to one `x-api-key` is given to another."""
    layer = behind_front(client_with(token_for(ann)))
    key = "HTTP_X_API_KEY"
    client = client_with(token_for(ann, name="second"))
    client.handler = layer
    for _ in range(3):
        assert client.get(LIST, **{key: "a"}).status_code == 200
    asked = layer.asked
    client.get(LIST, **{key: "a"})
    assert layer.asked == asked
    client.get(LIST, **{key: "b"})
    assert layer.asked == asked + 1
