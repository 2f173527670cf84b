"""LLMSelect's own exports: what was exported here, or elsewhere, is the same after its import."""

import json

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from conversations.models import Comparison, Conversation, Import, Message
from perf.jobs import table
from tests.conversations.history.importing.conftest import chat, chats, imported, zipped
from tests.conversations.history.importing.samples import chatgpt
from tests.helpers import client_for, conversation

pytestmark = pytest.mark.django_db(transaction=True)

SAME = ("title", "provider", "model", "message_count", "created_at", "last_message_at")


def exported(api, pk):
    return b"".join(api.get(f"/api/v1/conversations/{pk}/export?format=json").streaming_content)


@pytest.fixture
def row(ann):
    found = conversation(ann, messages=4, title="Mine", system="Be brief.")
    answer = found.messages.filter(role="assistant").latest("created_at")
    Message.objects.filter(pk=answer.pk).update(
        prompt_tokens=5,
        completion_tokens=7,
        cost="0.25",
        cost_source="list",
        time=1.5,
        finish_reason="stop",
        metered=True,
    )
    broken = found.messages.filter(role="assistant").earliest("created_at")
    Message.objects.filter(pk=broken.pk).update(
        status="interrupted", error="provider_timeout", error_message="Too slow."
    )
    return found


def test_ones_own_conversation_is_known(api, row):
    shown = imported(api, exported(api, row.pk))
    assert shown["source"] == "llmselect"
    assert (shown["conversations"]["known"], shown["messages"]["known"], shown["messages"]["added"]) == (1, 4, 0)
    assert Conversation.objects.count() == 1


def test_another_account_gets_the_same(api, bob_api, row):
    assert imported(bob_api, exported(api, row.pk))["messages"]["added"] == 4
    (theirs,) = chats(bob_api)
    (mine,) = chats(api)
    assert {name: theirs[name] for name in SAME} == {name: mine[name] for name in SAME}
    assert (theirs["source"], mine["source"]) == ("llmselect", None)
    before, after = (chat(each, pk)["messages"] for each, pk in ((api, mine["id"]), (bob_api, theirs["id"])))
    strip = {"id": None}
    assert [{**each, **strip} for each in after] == [{**each, **strip} for each in before]
    assert Conversation.objects.get(pk=theirs["id"]).system == "Be brief."


def lines(*values):
    return "".join(json.dumps(value) + "\n" for value in values).encode()


ARCHIVED = {
    "type": "conversation",
    "id": "019aca8d-96d9-711e-a97b-13ad0fb5731a",
    "title": "Archived",
    "provider": "openai",
    "model": "gpt-5",
    "system": "",
    "created_at": "2026-01-01T10:00:00Z",
    "updated_at": "2026-01-01T10:00:05Z",
    "last_message_at": "2026-01-01T10:00:05Z",
}
SAID = {
    "type": "message",
    "id": "019aca8d-96de-77c9-97cd-e730d190a827",
    "conversation_id": ARCHIVED["id"],
    "role": "assistant",
    "content": "Hi",
    "parts": [{"type": "document", "name": "a.pdf", "file_id": "7", "file": "0"}, {"type": "tool_call"}, {"type": "x"}],
    "provider": "openai",
    "model": "gpt-5",
    "status": "complete",
    "created_at": "2026-01-01T10:00:05Z",
    "error": None,
    "usage": {"prompt_tokens": 3, "completion_tokens": 4, "reasoning_tokens": 2},
    "cost": "0.5",
    "prices": {"input_price": "2.5"},
    "cost_source": "list",
    "estimated": False,
}
COMPARED = {
    "type": "comparison",
    "id": "019aca8d-96e7-7582-a20b-cc5b12730c55",
    "prompt": "Which?",
    "system": "",
    "blind": True,
    "revealed": True,
    "preferred_index": 1,
    "both_bad": False,
    "voted_at": "2026-01-02T10:00:00Z",
    "analysis": "",
    "created_at": "2026-01-02T09:00:00Z",
    "results": [
        {"index": number, "provider": "openai", "model": f"m{number}", "response": "a", "error": None, "time": 1.0}
        for number in range(2)
    ],
}


def test_an_archive_brings_conversations_and_comparisons(api, ann):
    more = {**SAID, "id": "019aca8d-96de-77c9-97cd-e730d190a828", "created_at": "2026-01-01T10:00:09Z"}
    files = {
        "manifest.json": {"format": "llmselect-export", "version": 1},
        "settings.json": {},
        "conversations.jsonl": lines(ARCHIVED, SAID, more),
        "comparisons.jsonl": lines(COMPARED),
        "markdown/x.md": b"# x",
    }
    shown = imported(api, zipped(files))
    assert (shown["conversations"]["added"], shown["messages"]["added"], shown["comparisons"]["added"]) == (1, 2, 1)
    assert shown["problems"] == []
    message = Message.objects.earliest("created_at")
    assert (message.reasoning_tokens, str(message.input_price), message.cost_source) == (2, "2.500000", "list")
    assert message.parts == [
        {"type": "document", "name": "a.pdf"},
        {"type": "tool_call", "id": "", "name": "", "arguments": ""},
    ]
    vote = Comparison.objects.get()
    assert (vote.user, vote.preferred_index, vote.voted_at is not None, vote.results.count()) == (ann, 1, True, 2)
    assert imported(api, zipped(files))["comparisons"] == {"read": 1, "added": 0, "known": 1, "skipped": 0}
    assert api.delete(f"/api/v1/imports/{shown['id']}").json()["comparisons"] == 1
    assert not Comparison.objects.exists()


def test_a_message_id_of_somebody_else_is_not_taken_over(api, bob, row):
    """A made-up file names a conversation of one's own, and a message of somebody else's."""
    foreign = conversation(bob, messages=1).messages.get()
    own = {**ARCHIVED, "id": str(row.pk)}
    said = {**SAID, "id": str(foreign.pk), "conversation_id": str(row.pk)}
    shown = imported(api, lines(own, said))
    assert (shown["messages"]["added"], shown["state"]) == (0, "done")
    foreign.refresh_from_db()
    assert foreign.conversation.user == bob


def test_the_command_imports_and_reports(ann, tmp_path, capsys):
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps([chatgpt(), {"title": "Broken"}]))
    call_command("import_history", path, user="ann", dry_run=True)
    assert "This was a dry run: nothing was stored." in capsys.readouterr().out
    assert not Conversation.objects.exists()
    call_command("import_history", path, user="ann")
    assert capsys.readouterr().out.splitlines() == [
        "conversations: 2 read, 1 added, 1 skipped",
        "messages: 2 read, 2 added",
        "conversations.json, item 2, 'Broken': It has no id.",
    ]
    assert path.exists()
    assert len(chats(client_for(User.objects.get(username="ann")))) == 1
    assert set(Import.objects.values_list("job__state", flat=True)) == {"done"}


def test_the_command_says_what_is_wrong(ann, tmp_path):
    other = tmp_path / "x.json"
    other.write_text("[]")
    for path, user, said in (
        (other, "nobody", "There is no user 'nobody'."),
        (tmp_path / "missing", "ann", "cannot be read: No such file or directory"),
        (other, "ann", "No known history was found in the file."),
    ):
        with pytest.raises(CommandError, match=said):
            call_command("import_history", path, user=user)
    other.write_text(json.dumps([chatgpt()]))
    table.enqueue_taken("import", {}, owner=str(ann.pk))
    with pytest.raises(CommandError, match="Another import of this user runs"):
        call_command("import_history", other, user="ann")
