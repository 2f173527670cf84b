"""Queries that are compiled once return the rows that Django's return, whatever values they run with."""

from datetime import UTC, datetime, timedelta
from threading import Thread
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.db.models import IntegerField
from django.test.utils import CaptureQueriesContext

from conversations.history.queries import (
    CONVERSATION_ORDERINGS,
    conversation_detail,
    conversation_list,
    conversation_page,
    conversation_rows,
    message_rows,
    messages,
    newest_messages,
)
from conversations.models import Conversation, Message
from perf.api.pagination import KeysetPagination, Position
from perf.db.compiled import CompiledQuery, Parameter
from tests.helpers import conversation

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
WITHOUT_BRACKETS = str.maketrans("", "", "()")  # which Django puts around an expression
FILTERS = [{}, {"provider": "openai"}, {"model": "b'"}, {"provider": "%s", "model": "a"}]


@pytest.fixture
def rows(ann, bob):
    """Make conversations of two users, some of which have the same times."""
    for number in range(40):
        row = conversation(bob if number % 4 == 0 else ann, title=f"%s {number}")
        moment = NOON + timedelta(minutes=number // 3, microseconds=number % 2)
        values = {"provider": ("openai", "%s")[number % 2], "model": ("a", "b'")[number // 2 % 2]}
        Conversation.objects.filter(pk=row.pk).update(created_at=moment, last_message_at=moment, **values)


def pager(ordering, position, size):
    made = KeysetPagination()
    made.order, made.position, made.size = ordering, position, size
    return made


@pytest.mark.parametrize("filters", FILTERS)
@pytest.mark.parametrize("ordering", CONVERSATION_ORDERINGS)
@pytest.mark.parametrize("direction", [None, "next", "previous"])
@pytest.mark.parametrize("until", [None, NOON + timedelta(minutes=9)])
def test_a_page_has_the_rows_of_django(ann, bob, rows, filters, ordering, direction, until):
    for user in (ann, bob):
        for size in (1, 3, 50):
            position = Position(direction, NOON + timedelta(minutes=5), uuid4(), until) if direction else None
            queryset = conversation_rows(conversation_list(user.pk, filters))
            asked = KeysetPagination.beyond(queryset, ordering=ordering, position=position)[: size + 1]
            with CaptureQueriesContext(
                connection,
            ) as sent:
                expected = list(asked)
                found = conversation_page(user.pk, filters, pager(ordering, position, size))
            assert found == expected
            sql = [each["sql"].translate(WITHOUT_BRACKETS) for each in sent]
            assert sql[0] == sql[1]


def test_a_conversation_is_found_by_its_owner_alone(ann, bob):
    row = conversation(ann)
    (expected,) = conversation_rows(Conversation.objects.filter(pk=row.pk))
    assert conversation_detail(ann.pk, row.pk) == {**expected, "running": None}
    assert conversation_detail(bob.pk, row.pk) is conversation_detail(ann.pk, UUID(int=1)) is None


def test_messages_have_the_values_of_django(ann):
    row = conversation(ann)
    Message.objects.create(conversation=row, role="user", content="'; DROP TABLE %s --")
    Message.objects.create(conversation=row, role="assistant", content="é😀", cost="0.000000000001", time=1.5)
    assert newest_messages(row.pk) == list(message_rows(messages(row.pk)).order_by("-created_at", "-id"))


def test_a_missing_value_is_an_error(ann):
    query = CompiledQuery(Conversation.objects.filter(user_id=Parameter("user", IntegerField())).values("id"))
    assert query.rows(user=ann.pk) == []
    with pytest.raises(KeyError):
        query.rows()


@pytest.mark.django_db(transaction=True)
def test_threads_share_a_query(ann, rows):
    """No connection of another thread is left in what is shared."""
    query = CompiledQuery(Conversation.objects.filter(user_id=Parameter("user", IntegerField())).values("id", "title"))
    found = []

    def run():
        found.append(len(query.rows(user=ann.pk)))
        connection.close()

    for _ in range(3):
        thread = Thread(target=run)
        thread.start()
        thread.join()
    assert [*found, len(query.rows(user=ann.pk))] == [30, 30, 30, 30]
