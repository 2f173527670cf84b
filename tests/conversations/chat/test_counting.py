"""Counting an answer in its conversation."""

from datetime import timedelta

import pytest
from django.utils import timezone

from conversations.chat.counting import count_message
from conversations.models import Conversation
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
