"""Exports of Claude, Open WebUI and LibreChat, and the logs of `llm`."""

import sqlite3

import pytest

from conversations.history.importing.reading.formats import claude, librechat, openwebui
from tests.conversations.history.importing import samples
from tests.conversations.history.importing.conftest import chat, chats, imported, upload
from tests.conversations.history.importing.samples import said, turn, wrote


def turns(found):
    return [(each.role, each.content) for each in found.messages]


def test_claude_writes_texts_thoughts_tools_and_attachments():
    thinking = {"type": "thinking", "thinking": "A mountain."}
    artifact = {"type": "tool_use", "id": "t1", "name": "artifacts", "input": {"command": "create", "content": "<svg>"}}
    result = {
        "type": "tool_result",
        "tool_use_id": "t1",
        "content": [{"type": "text", "text": "OK"}],
        "is_error": False,
    }
    attached = {"file_name": "peaks.csv", "file_type": "text/csv", "extracted_content": "Everest,8849"}
    question = said("m1", "human", "Which?", attachments=[attached], files=[{"file_name": "map.png"}])
    found = claude.read(samples.claude(question, said("m2", "assistant", "Everest.", 5, thinking, artifact, result)))
    assert turns(found) == [("user", "Which?"), ("assistant", "Everest.")]
    assert (found.provider, found.model, found.messages[1].reasoning) == ("anthropic", "claude", "A mountain.")
    assert found.messages[0].parts == [
        {"type": "text", "text": "Which?"},
        {"type": "file", "name": "peaks.csv", "media_type": "text/csv", "text": "Everest,8849"},
        {"type": "file", "name": "map.png"},
    ]
    assert found.messages[1].parts == [
        {
            "type": "tool_call",
            "id": "t1",
            "name": "artifacts",
            "arguments": '{"command": "create", "content": "<svg>"}',
        },
        {"type": "tool_result", "id": "t1", "content": "OK", "is_error": False},
        {"type": "text", "text": "Everest."},
    ]


def test_claudes_older_exports_have_the_text_alone():
    old = {**said("m1", "human", ""), "text": "Which?", "content": []}
    empty = {**said("m2", "assistant", ""), "content": []}
    found = claude.read(samples.claude(old, empty))
    assert (turns(found), found.skipped) == ([("user", "Which?")], {"without content": 1})


def test_claudes_branches_are_counted():
    first = said("m1", "human", "Which?", parent_message_uuid=claude.ROOT)
    answers = [said(f"m{number}", "assistant", str(number), number, parent_message_uuid="m1") for number in (2, 3)]
    chosen = samples.claude(first, *answers, current_leaf_message_uuid="m2")
    assert turns(claude.read(chosen)) == [("user", "Which?"), ("assistant", "2")]
    newest = claude.read(samples.claude(first, *answers))
    assert (turns(newest), newest.skipped) == ([("user", "Which?"), ("assistant", "3")], {"another branch": 1})


def test_open_webui_folds_thoughts_and_tools_into_the_text():
    folded = (
        '<details type="reasoning" done="true" duration="3">\n<summary>Thought for 3 seconds</summary>\n&gt; It is\n'
        "&gt; deep.\n</details>\n"
        '<details type="tool_calls" name="depth"><summary>Tool</summary>"1642 m"</details>\n1642 m.'
    )
    messages = turn("u", None, "user", "How deep?") | turn("a", "u", "assistant", folded, model="deepseek-r1")
    told = openwebui.read(samples.openwebui(messages, "a")).messages[1]
    assert (told.content, told.reasoning, told.model) == ("1642 m.", "It is\ndeep.", "deepseek-r1")
    assert told.parts[0] == {"type": "tool_result", "id": "depth", "content": '"1642 m"', "is_error": False}


def test_open_webui_has_branches_errors_and_what_is_not_done():
    messages = (
        turn("u", None, "user", "How deep?")
        | turn("a", "u", "assistant", "one")
        | turn("b", "u", "assistant", "", error={"content": "No such model"})
        | turn("c", "u", "assistant", "half", done=False)
    )
    failed = openwebui.read(samples.openwebui(messages, "b"))
    assert failed.skipped == {"another branch": 2}
    told = failed.messages[1]
    assert (told.status, told.figures) == ("error", {"error": "provider_error", "error_message": "No such model"})
    assert openwebui.read(samples.openwebui(messages, "c")).messages[1].status == "interrupted"


def test_open_webuis_first_versions_had_a_list():
    listed = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]
    value = {"id": "w", "chat": {"title": "Old", "messages": listed}}
    found = openwebui.read(value)
    assert (found.title, turns(found), found.model) == ("Old", [("user", "Hi"), ("assistant", "Ho")], "unknown")


def test_librechat_shows_the_newest_branch_however_it_is_written():
    leaf = wrote("d", "c", "Second")
    nested = wrote(
        "a",
        None,
        "Hi",
        user=True,
        children=[wrote("b", "a", "First"), wrote("c", "a", "Go on", user=True, children=[leaf])],
    )
    flat = [{**each, "children": []} for each in (nested, *nested["children"], leaf)]
    for messages in ([nested], flat):
        found = librechat.read(samples.librechat(*messages))
        assert turns(found) == [("user", "Hi"), ("user", "Go on"), ("assistant", "Second")]
        assert (found.system, found.provider, found.skipped) == ("Be brief.", "openai", {"another branch": 1})


def test_librechat_nested_ten_thousand_deep():
    tree = wrote("0", None, "deep")
    for number in range(1, 10_000):
        tree = wrote(str(number), None, "deep", user=number % 2 == 1, children=[tree])
    assert len(librechat.read(samples.librechat(tree)).messages) == 10_000


def test_librechats_agents_write_content():
    call = {"type": "tool_call", "tool_call": {"id": "t", "name": "web", "args": "{}", "output": "found"}}
    content = [{"type": "think", "think": "Hm."}, call, {"type": "text", "text": {"value": "Here."}}]
    found = librechat.read(samples.librechat(wrote("a", None, "Hi", user=True), wrote("b", "a", "", content=content)))
    told = found.messages[1]
    assert (told.content, told.reasoning, [part["type"] for part in told.parts]) == (
        "Here.",
        "Hm.",
        ["tool_call", "tool_result", "text"],
    )


def test_librechats_errors_are_errors():
    found = librechat.read(
        samples.librechat(wrote("a", None, "Hi", user=True), wrote("b", "a", "Rate limit", error=True))
    )
    told = found.messages[1]
    assert (told.status, told.content, told.figures["error_message"]) == ("error", "", "Rate limit")


LLM = """
CREATE TABLE conversations (id TEXT PRIMARY KEY, name TEXT, model TEXT);
CREATE TABLE responses (id TEXT PRIMARY KEY, model TEXT, prompt TEXT, system TEXT, prompt_json TEXT, options_json TEXT,
    response TEXT, conversation_id TEXT, duration_ms INTEGER, datetime_utc TEXT,
    input_tokens INTEGER, output_tokens INTEGER);
INSERT INTO conversations VALUES ('c', 'Islands', 'gpt-4o-mini');
INSERT INTO responses (id, model, prompt, system, response, conversation_id, datetime_utc, input_tokens, output_tokens)
VALUES ('r1', 'gpt-4o-mini', 'Largest?', 'Be brief.', 'Greenland.', 'c', '2025-02-01T10:00:00.5+00:00', 9, 4),
       ('r2', 'gpt-4o-mini', 'And then?', NULL, 'New Guinea.', 'c', '2025-02-01T10:01:00+00:00', 20, 5),
       ('r3', 'llama3', 'Alone', NULL, 'Indeed', NULL, '2025-02-02T10:00:00+00:00', NULL, NULL);
"""


@pytest.mark.django_db(transaction=True)
def test_the_logs_of_llm(api, tmp_path):
    path = tmp_path / "logs.db"
    with sqlite3.connect(path) as database:
        database.executescript(LLM)
    database.close()
    shown = imported(api, path.read_bytes())
    assert (shown["source"], shown["conversations"]["added"], shown["messages"]["added"]) == ("llm", 2, 6)
    alone, islands = chats(api)
    assert (alone["provider"], alone["model"], islands["title"], islands["provider"]) == (
        "llm",
        "llama3",
        "Islands",
        "openai",
    )
    messages = chat(api, islands["id"])["messages"]
    assert [each["content"] for each in messages] == ["Largest?", "Greenland.", "And then?", "New Guinea."]
    assert (messages[1]["prompt_tokens"], messages[1]["completion_tokens"]) == (9, 4)


@pytest.mark.django_db(transaction=True)
def test_another_database_is_refused(api, tmp_path):
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE conversations (id TEXT)")
    database.close()
    answer = upload(api, path.read_bytes(), "?name=other.db")
    assert answer.status_code == 400
    assert "other.db: It is no log of `llm`: It lacks responses." in answer.json()["details"]["file"][0]
