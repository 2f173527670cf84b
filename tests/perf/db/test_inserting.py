"""Inserting a few rows by a statement that is written once."""

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations.models import Conversation, Message
from perf.db.inserting import insert, together

pytestmark = pytest.mark.django_db


def rows_of(ann):
    conversation = Conversation(user=ann, provider="echo", model="echo-fast", title="100 % \"quoted\" 'twice'")
    question = Message(conversation=conversation, role="user", content="?", provider="echo", model="echo-fast")
    answer = Message(
        conversation=conversation,
        role="assistant",
        content="{!} 🚀",
        parts=[{"type": "text", "text": "{!} 🚀"}],
        provider="echo",
        model="echo-fast",
        prompt_tokens=3,
        cost="0.000000123456",
        time=0.25,
    )
    return conversation, question, answer


def test_rows_are_as_django_would_have_stored_them(ann):
    conversation, question, answer = rows_of(ann)
    before = timezone.now()
    insert([conversation])
    insert([question, answer])
    assert not conversation._state.adding
    kept = Conversation.objects.get()
    assert before <= kept.updated_at <= timezone.now()
    assert {name: getattr(kept, name) for name in ("pk", "user_id", "title", "created_at")} == {
        "pk": conversation.pk,
        "user_id": ann.pk,
        "title": conversation.title,
        "created_at": conversation.created_at,
    }
    first = list(Message.objects.order_by("id").values())
    Message.objects.all().delete()
    Message.objects.bulk_create([question, answer])
    assert first == list(Message.objects.order_by("id").values())


def test_columns_without_a_value_are_left_out_and_the_statement_is_one(ann):
    conversation, question, answer = rows_of(ann)
    insert([conversation])
    with CaptureQueriesContext(connection) as statements:
        insert([question, answer])
    (statement,) = statements
    assert '"prompt_tokens"' in statement["sql"]
    assert '"reasoning"' not in statement["sql"]


def test_what_the_database_refuses_is_raised(ann):
    conversation, question, _ = rows_of(ann)
    insert([conversation])
    question.provider = None
    with pytest.raises(IntegrityError):
        insert([question])


def test_nothing_is_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        insert([])


def test_owners_are_invalidated(ann, api):
    url = "/api/v1/conversations"
    assert api.get(url).json()["results"] == []
    conversation, *_ = rows_of(ann)
    Conversation.objects.insert([conversation])
    assert [row["id"] for row in api.get(url).json()["results"]] == [str(conversation.pk)]
    assert User.objects.count() == 1


def test_what_belongs_together_is_one_statement_on_postgresql(ann, django_assert_num_queries):
    conversation, question, answer = rows_of(ann)
    with django_assert_num_queries(1 if connection.vendor == "postgresql" else 2), together():
        insert([conversation])
        with together():
            insert([question, answer])
    assert set(Message.objects.values_list("conversation_id", "content")) == {
        (conversation.pk, question.content),
        (conversation.pk, answer.content),
    }


def test_nothing_of_a_block_that_fails_is_sent_later(ann):
    conversation, question, _ = rows_of(ann)

    def fail():
        with transaction.atomic(), together():
            insert([conversation])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    insert([conversation])
    question.provider = None
    with pytest.raises(IntegrityError), transaction.atomic(), together():
        insert([question])
    assert not Message.objects.exists()
    assert Conversation.objects.count() == 1
