"""Thousands of conversations, one of them with a running answer, that go in one delete."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connection

from conversations.models import Conversation, Message
from tests.helpers import PASSWORD, client_for, each_event, events, free_slots

pytestmark = pytest.mark.django_db(transaction=True)

COUNT = 2_000
HELLO = {"provider": "openai", "model": "stub", "message": "hello you there"}


def test_others_go_on_and_nothing_is_left(ann, bob, openai):
    rows = Conversation.objects.bulk_create(
        Conversation(user=ann, provider="openai", model="stub") for _ in range(COUNT)
    )
    Message.objects.bulk_create(Message(conversation=row, role="user", content="x") for row in rows)
    free, api, other = free_slots(), client_for(ann), client_for(bob)
    running = api.post("/api/v1/chat/stream", {**HELLO, "model": "stub?chunks=5&delay=0.1"})
    each = each_event(running)
    assert next(each)["event"] == "start"

    def ask(number):
        try:
            if number % 2:
                return other.get("/api/v1/conversations").status_code
            return other.post("/api/v1/conversations", {"provider": "openai", "model": "stub"}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        asked = threads.map(ask, range(40))
        assert api.delete("/api/v1/auth/me", {"password": PASSWORD}).status_code == 204
        assert set(asked) <= {200, 201, 503}  # 503: SQLite has one writer
    assert [event["event"] for event in each][-1] in ("done", "error")
    running.close()
    assert not User.objects.filter(pk=ann.pk).exists()
    assert set(Conversation.objects.values_list("user_id", flat=True)) <= {bob.pk}
    assert not Message.objects.exists()
    assert free_slots() == free
    assert events(other.post("/api/v1/chat/stream", HELLO))[-1]["event"] == "done"
