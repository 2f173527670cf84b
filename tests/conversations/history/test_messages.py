"""GET /conversations/{id}/messages."""

from uuid import UUID

import pytest

from tests.helpers import conversation

pytestmark = pytest.mark.django_db


def url(row):
    return f"/api/v1/conversations/{row.pk}/messages"


def contents(response):
    assert response.status_code == 200, response.content
    return [message["content"] for message in response.json()["results"]]


def test_a_page_is_oldest_first(ann, api):
    row = conversation(ann, messages=3)
    assert contents(api.get(url(row))) == ["message 0", "message 1", "message 2"]


def test_a_message_is_the_same_as_in_the_detail(ann, api):
    row = conversation(ann, messages=3)
    detail = api.get(f"/api/v1/conversations/{row.pk}").json()
    assert api.get(url(row)).json() == {"next": None, "previous": None, "results": detail["messages"]}


def test_next_links_to_older_messages_and_previous_back(ann, api):
    row = conversation(ann, messages=5)
    newest = api.get(url(row), {"page_size": 2})
    assert contents(newest) == ["message 3", "message 4"]
    older = api.get(newest.json()["next"])
    assert contents(older) == ["message 1", "message 2"]
    oldest = api.get(older.json()["next"])
    assert (contents(oldest), oldest.json()["next"]) == (["message 0"], None)
    assert contents(api.get(older.json()["previous"])) == ["message 3", "message 4"]


def test_a_conversation_without_messages(ann, api):
    assert api.get(url(conversation(ann))).json() == {"next": None, "previous": None, "results": []}


def test_conversations_of_others_are_not_found(bob, api):
    assert api.get(url(conversation(bob, messages=1))).status_code == 404


def test_unknown_conversations_are_not_found(api):
    assert api.get(f"/api/v1/conversations/{UUID(int=1)}/messages").status_code == 404


def test_a_cursor_of_another_conversation_is_refused(ann, api):
    one, other = conversation(ann, messages=3), conversation(ann, messages=3)
    link = api.get(url(one), {"page_size": 1}).json()["next"]
    response = api.get(link.replace(str(one.pk), str(other.pk)))
    assert (response.status_code, list(response.json()["details"])) == (400, ["cursor"])


def test_messages_are_read_only(ann, api):
    row = conversation(ann, messages=1)
    for method in (api.post, api.put, api.patch, api.delete):
        assert method(url(row)).json()["error"] == "method_not_allowed"
