"""GET /conversations."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.helpers import conversation, error, invalid

pytestmark = pytest.mark.django_db

URL = "/api/v1/conversations"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def ids(response):
    assert response.status_code == 200, response.content
    return [row["id"] for row in response.json()["results"]]


def test_a_row_has_all_fields_of_a_list(ann, api):
    row = conversation(ann, title="Sea", preview="Tell me", message_count=2, created_at=NOON, last_message_at=NOON)
    response = api.get(URL)
    assert response.status_code == 200
    assert response.json() == {
        "next": None,
        "previous": None,
        "results": [
            {
                "id": str(row.pk),
                "title": "Sea",
                "provider": "openai",
                "model": "stub",
                "message_count": 2,
                "preview": "Tell me",
                "snippet": None,
                "created_at": "2026-05-01T12:00:00Z",
                "updated_at": row.updated_at.isoformat().replace("+00:00", "Z"),
                "last_message_at": "2026-05-01T12:00:00Z",
                "source": None,
            }
        ],
    }


def test_a_list_without_conversations(api):
    assert api.get(URL).json() == {"next": None, "previous": None, "results": []}


def test_newest_activity_comes_first(ann, api):
    old, new = conversation(ann, last_message_at=NOON), conversation(ann, last_message_at=NOON + timedelta(1))
    older = conversation(ann, last_message_at=NOON - timedelta(1))
    assert ids(api.get(URL)) == [str(row.pk) for row in (new, old, older)]


def test_ordering_by_creation(ann, api):
    first = conversation(ann, created_at=NOON, last_message_at=NOON + timedelta(1))
    second = conversation(ann, created_at=NOON + timedelta(hours=1), last_message_at=NOON + timedelta(hours=1))
    assert ids(api.get(URL, {"ordering": "-created_at"})) == [str(second.pk), str(first.pk)]
    assert ids(api.get(URL, {"ordering": "-last_message_at"})) == [str(first.pk), str(second.pk)]


def test_ties_are_broken_by_id(ann, api):
    rows = [conversation(ann, last_message_at=NOON) for _ in range(5)]
    assert ids(api.get(URL)) == sorted((str(row.pk) for row in rows), reverse=True)


def test_only_the_users_conversations_are_listed(bob, api):
    conversation(bob)
    assert ids(api.get(URL)) == []


def test_filters_by_provider_and_model(ann, api):
    openai, other = conversation(ann), conversation(ann, model="vendor/stub:2")
    claude = conversation(ann, provider="anthropic")
    assert ids(api.get(URL, {"provider": "anthropic"})) == [str(claude.pk)]
    assert ids(api.get(URL, {"model": "vendor/stub:2"})) == [str(other.pk)]
    assert ids(api.get(URL, {"provider": "openai", "model": "stub"})) == [str(openai.pk)]
    assert ids(api.get(URL, {"provider": "nobody"})) == []


def test_unknown_and_empty_parameters_are_ignored(ann, api):
    row = conversation(ann)
    assert ids(api.get(URL, {"page": "2", "format": "xml", "provider": "", "model": "", "search": ""})) == [str(row.pk)]


@pytest.mark.parametrize("ordering", ["title", "created_at", "-id", "", "last_message_at", "-updated_at", "user"])
def test_an_unknown_ordering_is_refused(api, ordering):
    response = api.get(URL, {"ordering": ordering})
    expected = invalid(ordering="Must be one of -last_message_at, -created_at.")
    assert (response.status_code, response.json()) == (400, expected)


@pytest.mark.parametrize("name", ["provider", "model", "search"])
def test_an_overlong_filter_is_refused(api, name):
    response = api.get(URL, {name: "x" * 201})
    assert (response.status_code, list(response.json()["details"])) == (400, [name])


def test_a_list_needs_a_login(visitor):
    response = visitor.get(URL)
    assert response.status_code == 401
    assert response.json() == error("not_authenticated", "Authentication credentials were not provided.")
