"""PATCH and DELETE /conversations/{id}."""

from uuid import UUID

import pytest

from conversations.models import Conversation, Message
from tests.helpers import conversation, invalid

pytestmark = pytest.mark.django_db


def url(row):
    return f"/api/v1/conversations/{row.pk}"


def test_rename(ann, api):
    row = conversation(ann, messages=2, title="Old")
    before = api.get("/api/v1/conversations").json()["results"][0]
    response = api.patch(url(row), {"title": "New"})
    row.refresh_from_db()
    updated_at = row.updated_at.isoformat().replace("+00:00", "Z")
    assert response.status_code == 200
    assert response.json() == {**before, "title": "New", "updated_at": updated_at}
    assert updated_at > before["updated_at"]


def test_renaming_does_not_count_as_activity(ann, api):
    row = conversation(ann, messages=2)
    before = row.last_message_at
    api.patch(url(row), {"title": "New"})
    row.refresh_from_db()
    assert row.last_message_at == before


@pytest.mark.parametrize(
    "title", [None, 5, [], {}, True, "", "  ", "x" * 201, "a\0b"], ids=lambda title: repr(title)[:9]
)
def test_invalid_titles(ann, api, title):
    row = conversation(ann, title="Old")
    response = api.patch(url(row), {"title": title})
    assert (response.status_code, list(response.json()["details"])) == (400, ["title"])
    row.refresh_from_db()
    assert row.title == "Old"


def test_the_title_is_required(ann, api):
    response = api.patch(url(conversation(ann)), {})
    assert (response.status_code, response.json()) == (400, invalid(title="This field is required."))


def test_nothing_else_can_be_changed(ann, bob, api):
    row = conversation(ann)
    api.patch(url(row), {"title": "New", "user": bob.pk, "model": "other", "message_count": 9})
    row.refresh_from_db()
    assert (row.user, row.model, row.message_count) == (ann, "stub", 0)


def test_deleting_also_deletes_the_messages(ann, api):
    row, kept = conversation(ann, messages=3), conversation(ann, messages=2)
    response = api.delete(url(row))
    assert (response.status_code, response.content) == (204, b"")
    assert (Conversation.objects.get(), Message.objects.count()) == (kept, 2)


def test_deleting_twice_is_not_found(ann, api):
    row = conversation(ann)
    assert [api.delete(url(row)).status_code for _ in range(2)] == [204, 404]


def test_conversations_of_others_are_not_found(bob, api):
    row = conversation(bob, title="Bob's")
    assert api.patch(url(row), {"title": "Mine"}).status_code == 404
    assert api.delete(url(row)).status_code == 404
    row.refresh_from_db()
    assert row.title == "Bob's"


def test_unknown_conversations_are_not_found(api):
    path = f"/api/v1/conversations/{UUID(int=1)}"
    assert (api.patch(path, {"title": "New"}).status_code, api.delete(path).status_code) == (404, 404)


def test_put_is_not_allowed(ann, api):
    assert api.put(url(conversation(ann)), {"title": "New"}).json()["error"] == "method_not_allowed"
