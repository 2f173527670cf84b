"""Adding an answer to its conversation, and counting it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from conversations.chat.counting import add_answer, count_message
from conversations.chat.turns import TICK
from conversations.models import Conversation, Message
from tests.helpers import conversation

pytestmark = pytest.mark.django_db


def state(row):
    return Conversation.objects.values_list("message_count", "last_message_at", "model", "user_id").get(pk=row.pk)


def test_it_counts_and_sets_what_changes_with_it(ann):
    row = conversation(ann, messages=2)
    other = conversation(ann)
    moment = timezone.now() + timedelta(seconds=1)
    assert count_message(row.pk, moment, {"model": "100%", "digest": None})
    assert state(row) == (3, moment, "100%", ann.pk)
    assert state(other) == (0, other.last_message_at, other.model, ann.pk)


@pytest.mark.parametrize("stranger", [True, False])
def test_only_an_owner_whose_last_message_is_older(ann, bob, stranger):
    row = conversation(ann, messages=1)
    before = state(row)
    moment = before[1] if not stranger else before[1] + timedelta(seconds=1)
    assert not count_message(row.pk, moment, {}, if_owned_by=bob.pk if stranger else ann.pk)
    assert state(row) == before
    assert count_message(row.pk, before[1] + timedelta(seconds=1), {}, if_owned_by=ann.pk)


def test_the_time_of_the_change_never_goes_back(ann):
    row = conversation(ann)
    later = timezone.now() + timedelta(hours=1)
    Conversation.objects.filter(pk=row.pk).update_quietly(updated_at=later)
    assert count_message(row.pk, timezone.now(), {})
    assert Conversation.objects.get().updated_at == later


def test_a_conversation_that_is_gone_is_not_counted(ann):
    row = conversation(ann)
    Conversation.objects.filter(pk=row.pk).delete()
    assert not count_message(row.pk, timezone.now(), {})


def asked_at_once(ann, apart):
    """Store two questions with this time between, before either has an answer; returns the conversation and times."""
    row = conversation(ann, messages=2)
    first = row.last_message_at + timedelta(seconds=1)
    times = [first, first + apart]
    for at, text in zip(times, ("first", "second"), strict=True):
        Message.objects.create(conversation=row, role="user", content=text, created_at=at)
    Conversation.objects.filter(pk=row.pk).update_quietly(message_count=4, last_message_at=times[1])
    row.refresh_from_db()
    return row, times


def answer(text):
    return Message(role="assistant", content=text)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_questions_asked_at_once_are_each_followed_by_their_answer(ann, order):
    row, times = asked_at_once(ann, timedelta(milliseconds=5))
    for number in order:
        assert add_answer(row, answer(f"to {('first', 'second')[number]}"), asked_at=times[number])
    texts = list(Message.objects.order_by("created_at", "id").values_list("content", "created_at"))
    assert [text for text, _ in texts[2:]] == ["first", "to first", "second", "to second"]
    count, last, *_ = state(row)
    assert (count, last) == (6, texts[-1][1])


def test_an_answer_without_a_time_before_the_next_question_is_the_last(ann):
    row, times = asked_at_once(ann, TICK)
    assert add_answer(row, answer("late"), asked_at=times[0])
    assert Message.objects.order_by("created_at").last().content == "late"


def test_an_answer_takes_the_fewest_statements_if_nothing_was_asked_since(ann, django_assert_num_queries):
    row = conversation(ann, messages=1)
    with django_assert_num_queries(2):
        assert add_answer(row, answer("soon"), asked_at=row.last_message_at)
