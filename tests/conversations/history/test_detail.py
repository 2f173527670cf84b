"""GET /conversations/{id}."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from conversations.models import Message
from tests.helpers import conversation, error, priced, usage

pytestmark = pytest.mark.django_db

URL = "/api/v1/conversations"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def contents(messages):
    return [message["content"] for message in messages]


def test_it_shows_the_conversation_and_its_messages(ann, api):
    row = conversation(ann, title="Sea", message_count=1, created_at=NOON, last_message_at=NOON)
    figures = {"prompt_tokens": 3, "completion_tokens": 2, "cost": "0.0000275", "time": 0.5, "ttft": 0.1}
    figures |= {
        "cache_read_tokens": 1,
        "reasoning_tokens": 2,
        "cost_source": "list",
        "reasoning": "Hm.",
        "finish_reason": "length",
    }
    message = Message.objects.create(
        conversation=row, role="assistant", content="Hi", provider="openai", model="stub", created_at=NOON, **figures
    )
    response = api.get(f"{URL}/{row.pk}")
    assert response.status_code == 200
    assert response.json() == {
        "id": str(row.pk),
        "title": "Sea",
        "provider": "openai",
        "model": "stub",
        "message_count": 1,
        "preview": "",
        "snippet": None,
        "created_at": "2026-05-01T12:00:00Z",
        "updated_at": row.updated_at.isoformat().replace("+00:00", "Z"),
        "last_message_at": "2026-05-01T12:00:00Z",
        "source": None,
        "running": None,
        "messages": [
            {
                "id": str(message.pk),
                "role": "assistant",
                "content": "Hi",
                "parts": None,
                "provider": "openai",
                "model": "stub",
                "status": "complete",
                "reasoning": "Hm.",
                "finish_reason": "length",
                "error": None,
                **priced(3, 2, "0.0000275", "list"),
                "usage": usage(3, 2, cache_read_tokens=1, reasoning_tokens=2),
                "time": 0.5,
                "ttft": 0.1,
                "created_at": "2026-05-01T12:00:00Z",
            }
        ],
        "older_messages": None,
    }


def test_it_shows_the_newest_fifty_oldest_first(ann, api):
    detail = api.get(f"{URL}/{conversation(ann, messages=51).pk}").json()
    assert contents(detail["messages"]) == [f"message {number}" for number in range(1, 51)]
    assert detail["older_messages"] is not None


def test_fifty_messages_have_no_older_ones(ann, api):
    detail = api.get(f"{URL}/{conversation(ann, messages=50).pk}").json()
    assert (len(detail["messages"]), detail["older_messages"]) == (50, None)


def test_older_messages_link_to_all_the_others(ann, api):
    row = conversation(ann, messages=130)
    detail = api.get(f"{URL}/{row.pk}").json()
    told, link = contents(detail["messages"]), detail["older_messages"]
    while link:
        assert link.startswith(f"{URL}/{row.pk}/messages?cursor=")
        page = api.get(link).json()
        told, link = contents(page["results"]) + told, page["next"]
    assert told == [f"message {number}" for number in range(130)]


def test_older_messages_are_complete_among_ties(ann, api):
    row = conversation(ann)
    fields = {"conversation": row, "role": "user", "provider": "openai", "model": "stub", "created_at": NOON}
    Message.objects.bulk_create(Message(content=str(number), **fields) for number in range(75))
    detail = api.get(f"{URL}/{row.pk}").json()
    older = api.get(detail["older_messages"] + "&page_size=100").json()
    assert contents(older["results"] + detail["messages"]) == [str(number) for number in range(75)]


def test_parameters_of_lists_are_ignored(ann, api):
    row = conversation(ann, messages=1)
    assert api.get(f"{URL}/{row.pk}?cursor=nonsense&page_size=0").status_code == 200


@pytest.mark.parametrize("pk", [UUID(int=1), "nonsense", "1", "00000000-0000-0000-0000-00000000000G"])
def test_an_unknown_conversation_is_not_found(api, pk):
    response = api.get(f"{URL}/{pk}")
    assert (response.status_code, response.json()["error"]) == (404, "not_found")


def test_conversations_of_others_are_not_found(bob, api):
    response = api.get(f"{URL}/{conversation(bob).pk}")
    assert (response.status_code, response.json()) == (
        404,
        error("not_found", "Not found."),
    )
