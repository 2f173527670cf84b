"""`manage.py loaddata`: rows may come before their parents, and what is cached shows them at the next read."""

import json

import pytest
from django.core.management import call_command

from conversations.models import Conversation
from tests.helpers import conversation

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def fixture(ann, tmp_path):
    """Dump a conversation with its messages first, and delete it."""
    row = conversation(ann, messages=2, title="Moved")
    path = tmp_path / "rows.jsonl"
    call_command("dumpdata", "conversations.message", "conversations.conversation", format="jsonl", output=path)
    models = [json.loads(line)["model"] for line in path.read_text().splitlines()]
    assert models.index("conversations.message") < models.index("conversations.conversation")
    Conversation.objects.filter(pk=row.pk).delete()
    return path


def test_loaded_rows_are_seen_and_found(api, fixture):
    assert api.get("/api/v1/conversations").json()["results"] == []
    call_command("loaddata", fixture, verbosity=0)
    (found,) = api.get("/api/v1/conversations").json()["results"]
    assert (found["title"], found["message_count"]) == ("Moved", 2)
    assert len(api.get("/api/v1/conversations?search=message").json()["results"]) == 1
    assert len(api.get(f"/api/v1/conversations/{found['id']}").json()["messages"]) == 2
