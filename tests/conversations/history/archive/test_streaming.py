"""How an archive is read and streamed: in batches, while others write, and for clients that leave."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from conversations.history.archive import reading
from conversations.models import Comparison, ComparisonResult
from tests.helpers import conversation, free_slots

pytestmark = pytest.mark.django_db

URL = "/api/v1/export"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("count", "queries"), [(1, 17), (50, 17), (400, 45)])
def test_queries_grow_with_batches_and_not_with_rows(ann, api, django_assert_num_queries, count, queries):
    api.get("/api/v1/auth/me")  # puts the user state into the cache
    for _ in range(count):
        conversation(ann, messages=2)
        ComparisonResult.objects.create(comparison=Comparison.objects.create(user=ann, prompt="?"), index=0)
    with django_assert_num_queries(queries):  # two more for each 50 conversations, and for each 50 comparisons
        api.get(URL).getvalue()


def test_what_is_stored_meanwhile_is_in_it_and_what_is_deleted_is_not(ann, api, monkeypatch):
    monkeypatch.setattr(reading, "PLACES", 1)
    rows = [conversation(ann, messages=1, created_at=NOON + timedelta(number)) for number in range(3)]
    waiting = reading.pieces(ann.pk)
    assert next(waiting).conversation["id"] == rows[0].pk
    rows[1].delete()
    late = conversation(ann, messages=1, created_at=timezone.now())
    assert [piece.conversation["id"] for piece in waiting] == [rows[2].pk, late.pk]


def test_a_conversation_that_is_deleted_while_it_is_read(ann, api):
    row = conversation(ann, messages=450)
    waiting = reading.pieces(ann.pk)
    assert len(next(waiting).messages) == 200
    row.delete()
    assert [len(piece.messages) for piece in waiting] == [0]


@pytest.mark.django_db(transaction=True)
def test_a_client_that_leaves_frees_its_slot(api):
    free = free_slots()
    for _ in range(2):
        response = api.get(URL)
        assert free_slots() == free - 1
        response.close()  # unread
        assert free_slots() == free
