"""Messages that are deleted one by one: their conversation says what is left, at once and for good."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conversations.models import Comparison, ComparisonResult, Conversation, Message
from tests.conversations.comparisons import comparison
from tests.helpers import client_for, conversation

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/api/v1/conversations"


def by_page(messages):
    desk = Client()
    desk.force_login(User.objects.create_superuser("root"))
    for message in messages:
        url = reverse("admin:conversations_message_delete", args=[message.pk])
        assert desk.post(url, {"post": "yes"}).status_code == 302


def by_action(messages):
    desk = Client()
    desk.force_login(User.objects.create_superuser("root"))
    body = {"action": "delete_selected", "_selected_action": [message.pk for message in messages], "post": "yes"}
    assert desk.post(reverse("admin:conversations_message_changelist"), body).status_code == 302


def one_by_one(messages):
    assert [message.delete() for message in messages] == [(1, {"conversations.Message": 1})] * len(messages)
    assert {message.pk for message in messages} == {None}


def by_queryset(messages):
    found = Message.objects.filter(pk__in=[message.pk for message in messages])
    assert found.delete() == (len(messages), {"conversations.Message": len(messages)})


def by_manager(messages):
    for message in messages:
        message.conversation.messages.filter(pk=message.pk).delete()


WAYS = (by_page, by_action, one_by_one, by_queryset, by_manager)


def row_of(user):
    (row,) = client_for(user).get(LIST).json()["results"]
    return row


@pytest.mark.parametrize("delete", WAYS)
def test_what_is_left_is_counted(ann, delete):
    row = conversation(ann, messages=4)  # user, assistant, user, assistant
    messages = list(row.messages.order_by("created_at"))
    assert row_of(ann)["message_count"] == 4
    delete(messages[2:])
    shown = row_of(ann)
    assert (shown["message_count"], shown["preview"]) == (2, "message 0")
    assert Conversation.objects.get().last_message_at == messages[1].created_at
    detail = client_for(ann).get(f"{LIST}/{row.pk}").json()
    assert [each["content"] for each in detail["messages"]] == ["message 0", "message 1"]


@pytest.mark.parametrize("delete", WAYS)
def test_when_nothing_is_left(ann, delete):
    row = conversation(ann, messages=2)
    delete(list(row.messages.all()))
    shown = row_of(ann)
    assert (shown["message_count"], shown["preview"], shown["last_message_at"]) == (0, "", shown["created_at"])


def test_messages_of_many_conversations(ann, bob):
    rows = [conversation(user, messages=3) for user in (ann, bob) for _ in range(4)]
    with CaptureQueriesContext(connection) as few:
        Message.objects.filter(conversation__in=rows[:2], content="message 2").delete()
    with CaptureQueriesContext(connection) as many:
        Message.objects.filter(content="message 2").delete()
    assert len(few) == len(many)
    assert set(Conversation.objects.values_list("message_count", "preview")) == {(2, "message 0")}


def test_messages_deleted_while_others_arrive(ann, openai):
    row = conversation(ann, messages=20)
    keys = list(row.messages.values_list("pk", flat=True))

    def delete(pk):
        try:
            Message.objects.get(pk=pk).delete()
        finally:
            connection.close()

    def ask(_):
        try:
            body = {"conversation_id": str(row.pk), "provider": "openai", "model": "stub", "message": "again"}
            return client_for(ann).post("/api/v1/chat", body).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        deletions = threads.map(delete, keys)
        assert set(threads.map(ask, range(10))) == {200}
        list(deletions)
    row.refresh_from_db()
    assert (row.message_count, row.messages.count(), row.preview) == (20, 20, "again")
    assert row.last_message_at == row.messages.latest("created_at").created_at


@pytest.mark.parametrize("count", [10, 3000])
def test_a_conversation_goes_without_its_messages_being_read(ann, count):
    row = conversation(ann, messages=count)
    with CaptureQueriesContext(connection) as queries:
        row.delete()
    assert len(queries) <= 8, [query["sql"][:120] for query in queries]
    assert not any('"content"' in query["sql"] and query["sql"].startswith("SELECT") for query in queries)


def test_a_vote_goes_with_the_result_it_was_for(ann):
    kept, lost, tie = comparison(ann, preferred_index=0), comparison(ann, preferred_index=1), comparison(ann)
    Comparison.objects.filter(pk=tie.pk).update(voted_at=kept.voted_at)
    api = client_for(ann)
    api.get("/api/v1/leaderboard")
    ComparisonResult.objects.filter(index=1).delete()
    votes = {
        row["id"]: (row["preferred_index"], row["voted_at"] is not None)
        for row in api.get("/api/v1/comparisons").json()["results"]
    }
    assert votes == {str(kept.pk): (0, True), str(lost.pk): (None, False), str(tie.pk): (None, True)}
