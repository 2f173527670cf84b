"""Requests that write to one conversation at once: none is lost, each question has its answer, the counter is right."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from conversations.models import Message
from tests.helpers import client_for, conversation, events

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS = 8


def test_order_and_count_are_right(ann, openai):
    row = conversation(ann)
    apis = [client_for(ann) for _ in range(WRITERS)]

    def write(number):
        """Write two messages one after the other, every second writer by streams."""
        api, answers = apis[number], []
        try:
            for turn in range(2):
                body = {"conversation_id": str(row.pk), "message": f"{number}.{turn}", "model": "stub?first=0.05"}
                if number % 2:
                    response = api.post("/api/v1/chat/stream", body)
                    answers.append(events(response)[-1]["message_id"])
                    response.close()
                else:
                    answers.append(api.post("/api/v1/chat", body).json()["message"]["id"])
        finally:
            connection.close()
        return answers

    with ThreadPoolExecutor(WRITERS) as threads:
        answers = list(threads.map(write, range(WRITERS)))
    row.refresh_from_db()
    stored = list(Message.objects.order_by("created_at"))
    assert row.message_count == len(stored) == 4 * WRITERS
    assert len({message.created_at for message in stored}) == len(stored)
    assert (row.last_message_at, row.preview) == (
        stored[-1].created_at,
        [message for message in stored if message.role == "user"][-1].content,
    )
    places = {str(message.pk): place for place, message in enumerate(stored)}
    asked = {message.content: place for place, message in enumerate(stored) if message.role == "user"}
    for number, pair in enumerate(answers):
        for turn, answer in enumerate(pair):  # what was asked meanwhile comes after it
            assert places[answer] == asked[f"{number}.{turn}"] + 1
            assert stored[places[answer]].content == f"{number}.{turn}"
        assert places[pair[0]] < asked[f"{number}.1"]
    shown = apis[0].get(f"/api/v1/conversations/{row.pk}").json()["messages"]
    assert [message["id"] for message in shown] == [str(message.pk) for message in stored]
