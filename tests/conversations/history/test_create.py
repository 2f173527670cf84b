"""POST /conversations."""

import pytest
from django.utils.dateparse import parse_datetime

from conversations.models import Conversation
from tests.helpers import invalid

pytestmark = pytest.mark.django_db

URL = "/api/v1/conversations"


def test_a_conversation_is_created_without_messages(ann, api, openai):
    response = api.post(URL, {"provider": "openai", "model": "any model", "title": "Sea"})
    row = Conversation.objects.get(user=ann)
    moment = row.created_at.isoformat().replace("+00:00", "Z")
    assert response.status_code == 201
    assert response.json() == {
        "id": str(row.pk),
        "title": "Sea",
        "provider": "openai",
        "model": "any model",
        "message_count": 0,
        "preview": "",
        "snippet": None,
        "created_at": moment,
        "updated_at": response.json()["updated_at"],
        "last_message_at": moment,
        "source": None,
    }
    assert parse_datetime(response.json()["updated_at"]) == row.updated_at


def test_the_title_may_be_left_out(api, openai):
    assert api.post(URL, {"provider": "openai", "model": "stub"}).json()["title"] == ""


def test_it_needs_no_key(api, openai, settings):
    settings.SYSTEM_API_KEYS = {}
    assert api.post(URL, {"provider": "openai", "model": "stub"}).status_code == 201


def test_ids_are_in_the_order_of_creation(api, openai):
    ids = [api.post(URL, {"provider": "openai", "model": "stub"}).json()["id"] for _ in range(5)]
    assert ids == sorted(ids)


def test_the_client_cannot_set_owner_and_counters(ann, bob, api, openai):
    others = {"user": bob.pk, "message_count": 9, "preview": "x"}
    response = api.post(URL, {"provider": "openai", "model": "stub", **others})
    assert (response.status_code, response.json()) == (400, invalid(**dict.fromkeys(others, "Unknown field.")))
    assert not Conversation.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"provider": None}, "provider"),
        ({"provider": ""}, "provider"),
        ({"provider": "nobody"}, "provider"),
        ({"provider": 5}, "provider"),
        ({"provider": ["openai"]}, "provider"),
        ({"provider": {}}, "provider"),
        ({"provider": True}, "provider"),
        ({"provider": "a\0b"}, "provider"),
        ({"model": None}, "model"),
        ({"model": " "}, "model"),
        ({"model": 5}, "model"),
        ({"model": "x" * 201}, "model"),
        ({"model": "a\0b"}, "model"),
        ({"title": None}, "title"),
        ({"title": 5}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "a\0b"}, "title"),
    ],
)
def test_invalid_fields(api, openai, change, field):
    response = api.post(URL, {"provider": "openai", "model": "stub", **change})
    assert (response.status_code, list(response.json()["details"])) == (400, [field])
    assert not Conversation.objects.exists()


def test_a_disabled_provider_is_refused(api, openai):
    openai.enabled = False
    openai.save()
    assert api.post(URL, {"provider": "openai", "model": "stub"}).status_code == 400


def test_the_echo_is_refused_outside_development(api, echo, settings):
    settings.ECHO_PROVIDER = False
    assert api.post(URL, {"provider": "echo", "model": "echo-fast"}).status_code == 400
