"""RETAIN_CONVERSATIONS and RETAIN_COMPARISONS: what `manage.py prune` deletes by its age."""

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.utils import timezone

from conversations.history import retention
from conversations.history.retention import prune_comparisons, prune_conversations
from conversations.models import Comparison, ComparisonResult, Conversation, Message
from llmselect_project.config.environment import days
from tests.helpers import cache_state, conversation

pytestmark = pytest.mark.django_db(transaction=True)

YEAR = timedelta(days=365)


def ago(**time):
    return timezone.now() - timedelta(**time)


def test_without_a_setting_everything_stays(ann, capsys):
    conversation(ann, messages=1, last_message_at=ago(days=9999))
    Comparison.objects.create(user=ann, prompt="?", created_at=ago(days=9999))
    call_command("prune")
    assert (Conversation.objects.count(), Message.objects.count(), Comparison.objects.count()) == (1, 1, 1)
    assert "past the time" not in capsys.readouterr().out


def test_what_is_old_goes_and_what_is_new_stays(ann, bob, settings, capsys):
    settings.RETAIN_CONVERSATIONS, settings.RETAIN_COMPARISONS = YEAR, timedelta(days=30)
    kept = [
        conversation(user, messages=2, last_message_at=ago(days=364), created_at=ago(days=999)) for user in (ann, bob)
    ]
    for user in (ann, bob):
        conversation(user, messages=2, last_message_at=ago(days=366))
        for age in (29, 31):
            row = Comparison.objects.create(user=user, prompt=str(age), created_at=ago(days=age))
            ComparisonResult.objects.create(comparison=row, index=0, provider="p", model="m")
    call_command("prune")
    assert set(Conversation.objects.values_list("pk", flat=True)) == {row.pk for row in kept}
    assert set(Message.objects.values_list("conversation_id", flat=True)) == {row.pk for row in kept}
    assert list(Comparison.objects.values_list("prompt", flat=True)) == ["29", "29"]
    assert ComparisonResult.objects.count() == 2
    assert "Deleted 2 conversations and 2 comparisons past the time that they are kept." in capsys.readouterr().out


def test_more_than_a_batch(ann, bob, settings, monkeypatch):
    settings.RETAIN_CONVERSATIONS = YEAR
    monkeypatch.setattr(retention, "BATCH", 3)
    monkeypatch.setattr(retention, "USERS", 1)
    for user in (ann, bob):
        for number in range(7):
            conversation(user, messages=1, last_message_at=ago(days=400 + number))
    assert (prune_conversations(), prune_conversations(), prune_comparisons()) == (14, 0, 0)
    assert not Message.objects.exists()


def test_lists_and_search_show_it_at_once(ann, api, settings):
    settings.RETAIN_CONVERSATIONS = YEAR
    conversation(ann, messages=1, title="old sea", last_message_at=ago(days=400))
    assert [cache_state(api) for _ in range(2)] == ["miss", "hit"]
    assert prune_conversations() == 1
    assert cache_state(api) == "miss"
    for query in ("", "?search=sea"):
        assert api.get(f"/api/v1/conversations{query}").json()["results"] == []


@pytest.mark.parametrize(("text", "time"), [("", None), ("off", None), ("OFF", None), (" 365D ", YEAR)])
def test_the_setting(monkeypatch, text, time):
    monkeypatch.setenv("RETAIN_CONVERSATIONS", text)
    assert days("RETAIN_CONVERSATIONS") == time


@pytest.mark.parametrize("text", ["365", "d", "0d", "-1d", "1.5d", "12m", "99999999d", "²d"])
def test_a_wrong_setting_is_refused(monkeypatch, text):
    monkeypatch.setenv("RETAIN_CONVERSATIONS", text)
    with pytest.raises(ImproperlyConfigured, match="RETAIN_CONVERSATIONS must be `off` or a number of days"):
        days("RETAIN_CONVERSATIONS")
