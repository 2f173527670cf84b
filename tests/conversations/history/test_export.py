"""GET /conversations/{id}/export."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from conversations.models import Message
from tests.helpers import conversation, invalid

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def sea(ann):
    row = conversation(
        ann,
        title="The\nsea",
        system="Be brief.",
        message_count=3,
        created_at=NOON,
        last_message_at=NOON + timedelta(0, 2),
    )
    said = [
        ("user", "Tell\nme ü", "complete"),
        ("assistant", "# Waves", "complete"),
        ("assistant", "Wa", "interrupted"),
    ]
    for number, (role, content, status) in enumerate(said):
        fields = {"provider": "openai", "model": "stub", "created_at": NOON + timedelta(seconds=number)}
        Message.objects.create(conversation=row, role=role, content=content, status=status, **fields)
    return row


def url(row):
    return f"/api/v1/conversations/{row.pk}/export"


def body(response):
    assert response.status_code == 200, response.content
    return response.getvalue().decode()


MARKDOWN = """\
# The sea

- Model: openai/stub
- Started: 2026-05-01 12:00 UTC
- Messages: 3

## System

Be brief.

## User — 2026-05-01 12:00 UTC

Tell
me ü

## Assistant (openai/stub) — 2026-05-01 12:00 UTC

# Waves

## Assistant (openai/stub) — 2026-05-01 12:00 UTC, interrupted

Wa
"""


@pytest.mark.parametrize("query", ["", "?format=markdown"])
def test_markdown(api, sea, query):
    response = api.get(url(sea) + query)
    assert body(response) == MARKDOWN
    assert response.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert response.headers["Content-Disposition"] == f'attachment; filename="conversation-{sea.pk}.md"'


def test_json(api, sea):
    response = api.get(url(sea), {"format": "json"})
    exported = json.loads(body(response))
    detail = api.get(f"/api/v1/conversations/{sea.pk}").json()
    for name in ("preview", "snippet", "older_messages", "running", "source"):
        del detail[name]
    assert exported == {**detail, "system": "Be brief."}
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Content-Disposition"] == f'attachment; filename="conversation-{sea.pk}.json"'


def test_times_are_as_exact_as_in_the_api(ann, api):
    row = conversation(ann, messages=1, last_message_at=NOON + timedelta(microseconds=123_456))
    exported = json.loads(body(api.get(url(row), {"format": "json"})))
    assert exported["messages"][0]["created_at"] == "2026-05-01T12:00:00.123456Z"


@pytest.mark.parametrize("accept", ["application/json", "text/html", "application/xml", "*/*"])
def test_the_content_type_does_not_depend_on_accept(api, sea, accept):
    assert api.get(url(sea), HTTP_ACCEPT=accept).headers["Content-Type"] == "text/markdown; charset=utf-8"


def test_long_conversations_are_complete(ann, api):
    row = conversation(ann, messages=250)
    exported = json.loads(body(api.get(url(row), {"format": "json"})))
    assert [message["content"] for message in exported["messages"]] == [f"message {number}" for number in range(250)]


def test_conversations_with_ties_are_complete(ann, api):
    row = conversation(ann)
    fields = {"conversation": row, "role": "user", "provider": "openai", "model": "stub", "created_at": NOON}
    Message.objects.bulk_create(Message(content=str(number), **fields) for number in range(205))
    exported = json.loads(body(api.get(url(row), {"format": "json"})))
    assert [message["content"] for message in exported["messages"]] == [str(number) for number in range(205)]


def test_an_empty_conversation(ann, api):
    row = conversation(ann, created_at=NOON)
    assert body(api.get(url(row))) == (
        "# Conversation\n\n- Model: openai/stub\n- Started: 2026-05-01 12:00 UTC\n- Messages: 0\n"
    )
    assert json.loads(body(api.get(url(row), {"format": "json"})))["messages"] == []


@pytest.mark.parametrize("chosen", ["xml", "", "JSON", "html"])
def test_an_unknown_format_is_refused(api, sea, chosen):
    response = api.get(url(sea), {"format": chosen})
    assert (response.status_code, response.json()) == (400, invalid(format="Must be one of markdown, json."))


def test_conversations_of_others_are_not_found(bob, api):
    assert api.get(url(conversation(bob))).status_code == 404
