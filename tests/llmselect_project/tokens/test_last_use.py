"""When a token was last used: written in the background, to the minute, and at most once in each."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import DatabaseError

from llmselect_project.models import ApiToken
from llmselect_project.tokens.last_use import LastUses, uses
from perf.timing import flushing
from tests.helpers import client_with, token_for

pytestmark = pytest.mark.django_db(transaction=True)

ME = "/api/v1/auth/me"
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp()


class Clock:
    def __init__(self):
        self.time = NOON

    def __call__(self):
        return self.time


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def own(clock):
    return LastUses(clock)


@pytest.fixture
def token(ann):
    token_for(ann)
    return ApiToken.objects.get()


def last_use(token):
    token.refresh_from_db()
    return None if token.last_used_at is None else token.last_used_at.timestamp() - NOON


def test_a_request_is_noted_and_a_flush_writes_it(ann, django_assert_num_queries):
    client = client_with(token_for(ann))
    client.get(ME)
    with django_assert_num_queries(0):
        client.get(ME)
    row = ApiToken.objects.get()
    assert row.last_used_at is None
    assert flushing.flush()
    row.refresh_from_db()
    assert abs((datetime.now(UTC) - row.last_used_at).total_seconds()) < 120
    assert (row.last_used_at.second, row.last_used_at.microsecond) == (0, 0)


def test_it_invalidates_nothing(ann, django_assert_num_queries):
    client = client_with(token_for(ann))
    client.get(ME)
    uses.write()
    with django_assert_num_queries(0):
        client.get(ME)


def test_each_minute_is_written_once(own, clock, token, django_assert_num_queries):
    for seconds, statements in ((59, 1), (59.9, 0), (60, 1), (61, 0), (200, 1)):
        clock.time = NOON + seconds
        own.note(token.pk)
        with django_assert_num_queries(statements):
            own.write()
        assert last_use(token) == seconds // 60 * 60
    with django_assert_num_queries(0):
        own.write()


def test_what_is_used_between_two_flushes_counts_in_its_own_minute(own, clock, token):
    own.note(token.pk)
    clock.time = NOON + 300
    own.write()
    assert last_use(token) == 0


def test_tokens_of_a_minute_are_written_together(own, ann, django_assert_num_queries):
    ApiToken.objects.bulk_create(ApiToken(user=ann, name=str(n), digest=str(n)) for n in range(40))
    for pk in ApiToken.objects.values_list("pk", flat=True):
        own.note(pk)
    with django_assert_num_queries(1):
        own.write()
    assert not ApiToken.objects.filter(last_used_at=None).exists()


def test_a_later_use_that_another_worker_wrote_stays(own, clock, token):
    other = LastUses(lambda: NOON + 600)
    other.note(token.pk)
    other.write()
    own.note(token.pk)
    own.write()
    assert last_use(token) == 600


def test_it_is_kept_while_the_database_is_away(own, token, django_assert_num_queries):
    own.note(token.pk)
    table = ApiToken._meta.db_table
    try:
        ApiToken._meta.db_table = "no_such_table"
        with pytest.raises(DatabaseError):
            own.write()
    finally:
        ApiToken._meta.db_table = table
    own.write()
    assert last_use(token) == 0


def test_one_that_is_gone_is_forgotten(own):
    own.note(UUID(int=1))
    own.write()


def test_a_refused_token_is_not_used(ann):
    token = token_for(ann)
    ApiToken.objects.update(revoked_at=datetime.now(UTC))
    client_with(token).get(ME)
    uses.write()
    assert ApiToken.objects.get().last_used_at is None
