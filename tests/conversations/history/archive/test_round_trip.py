"""What is exported and imported by somebody else shows the same lists, texts, searches and leaderboard there."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from conversations.benchmarks.demo.seed import Amount, seed
from conversations.models import Comparison, ComparisonResult, Conversation, Message
from tests.conversations.history.archive.test_export_everything import FIGURES, PLACE
from tests.helpers import client_for, conversation

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
# What each server and account has for itself, and where a row comes from.
OWN = {"id", "conversation_id", "updated_at", "next", "previous", "older_messages", "source"}


@pytest.fixture
def history(ann):
    """Give Ann conversations of all kinds of messages, and comparisons with each kind of vote."""
    for number in range(3):
        start = NOON + timedelta(days=number)
        row = conversation(
            ann, messages=230 * number + 2, title=f"The sea {number}", system="Be brief.", created_at=start
        )
        Conversation.objects.filter(pk=row.pk).recount()
    parts = [{"type": "text", "text": "日昨の病院"}, {"type": "tool_call", "name": "f", "arguments": "{}", "id": "c1"}]
    asked = conversation(ann, title="parts", created_at=NOON + timedelta(hours=1))
    said = {"conversation": asked, **PLACE, "created_at": NOON + timedelta(hours=1)}
    Message.objects.create(role="user", content="昨日の病院は機能していない", parts=parts, **said)
    later = {**said, "created_at": NOON + timedelta(hours=1, seconds=1), **FIGURES}
    broken = {"status": "interrupted", "error": "provider_error", "error_message": "It broke."}
    Message.objects.create(role="assistant", content="Wa", **later, **broken)
    Conversation.objects.filter(pk=asked.pk).recount()
    votes = [{"preferred_index": 0}] * 6 + [{"preferred_index": None}, {"both_bad": True}, {"voted_at": None}]
    for number, vote in enumerate(votes):
        at = NOON + timedelta(hours=number)
        row = Comparison.objects.create(user=ann, prompt=f"? {number}", created_at=at, **{"voted_at": at, **vote})
        for index, model in enumerate(("one", "two")):
            ComparisonResult.objects.create(comparison=row, index=index, provider="p", model=model, response="x")
    return ann


def shown(value):
    """Leave out what belongs to one server or account alone."""
    if isinstance(value, dict):
        return {name: shown(each) for name, each in value.items() if name not in OWN}
    return [shown(each) for each in value] if isinstance(value, list) else value


def differing(there, here, path=""):
    """Yield each place where two bodies differ, and what stands there."""
    if isinstance(here, dict) and isinstance(there, dict) and here.keys() == there.keys():
        for name, value in here.items():
            yield from differing(there[name], value, f"{path}/{name}")
    elif isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        for number, value in enumerate(here):
            yield from differing(there[number], value, f"{path}/{number}")
    elif here != there:
        yield path, there, here


def pages(api):
    """Read all that a user sees of the history, with each conversation's newest messages."""
    paths = ["conversations?page_size=100", "conversations?ordering=-created_at", "comparisons?page_size=100"]
    paths += ["leaderboard", "leaderboard/pairs"]
    paths += [f"conversations?search={words}" for words in ("sea", "病院", "message 17", '"was never said"')]
    read = {path: api.get(f"/api/v1/{path}").json() for path in paths}
    details = [api.get(f"/api/v1/conversations/{row['id']}").json() for row in read[paths[0]]["results"]]
    return {**{path: shown(body) for path, body in read.items()}, "details": shown(details)}


def test_the_same_is_shown_elsewhere(history, bob, tmp_path):
    file = tmp_path / "ann.zip"
    call_command("export_history", user="ann", into=file, markdown=True, stdout=StringIO())
    call_command("import_history", file, user="bob", stdout=StringIO())
    there, here = pages(client_for(bob)), pages(client_for(history))
    assert len(here["details"]) == 4
    assert [row["wins"] for row in here["leaderboard"]["results"]] == [6, 0]
    assert list(differing(there, here)) == []
    again = StringIO()
    call_command("import_history", file, user="bob", stdout=again)
    assert pages(client_for(bob)) == there, again.getvalue()


def test_of_all_that_the_demo_has(ann, bob, tmp_path):
    seed(Amount(users=1, conversations=30, messages=4, comparisons=20))
    [demo] = set(Conversation.objects.values_list("user__username", flat=True))
    call_command("export_history", user=demo, into=tmp_path / "demo.zip", stdout=StringIO())
    call_command("import_history", tmp_path / "demo.zip", user="bob", stdout=StringIO())
    owner = Conversation.objects.get(pk=Conversation.objects.exclude(user=bob).values("pk")[:1]).user
    assert list(differing(pages(client_for(bob)), pages(client_for(owner)))) == []
