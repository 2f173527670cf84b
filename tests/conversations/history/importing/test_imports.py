"""`/api/v1/imports`: a file comes in, and what became of each part of it is told."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from conversations.history.importing import examples
from conversations.models import Conversation, Import, Message
from perf.jobs import table
from perf.jobs.runner import run_all
from perf.models import Job
from tests.conversations.history.importing.conftest import URL, chat, chats, content_of, imported, upload, zipped
from tests.conversations.history.importing.samples import chatgpt, claude, node
from tests.helpers import error, invalid

pytestmark = pytest.mark.django_db(transaction=True)

COUNTS = ("conversations", "messages", "reasons", "problems", "state", "error")


def counts(shown):
    return {name: shown[name] for name in COUNTS}


def test_a_file_is_taken_in_and_followed_to_its_end(api, uploads):
    begun = upload(api, [chatgpt()], "?name=my/conversations.json")
    assert begun.status_code == 202
    pk = begun.json()["id"]
    assert begun.json() == {
        **examples.WAITING,
        "id": pk,
        "size": len(content_of([chatgpt()])),
        "created_at": begun.json()["created_at"],
    }
    assert [path.name for path in uploads.iterdir()] == [pk]
    run_all()
    done = api.get(f"{URL}/{pk}")
    assert counts(done.json()) == {
        "conversations": {"read": 1, "added": 1, "known": 0, "skipped": 0, "updated": 0},
        "messages": {"read": 2, "added": 2, "known": 0, "skipped": 0},
        "reasons": {},
        "problems": [],
        "state": "done",
        "error": None,
    }
    assert (done.json()["progress"], list(uploads.iterdir())) == (1.0, [])
    assert done.json()["started_at"] < done.json()["finished_at"]
    (row,) = chats(api)
    assert {name: row[name] for name in ("title", "provider", "model", "source", "message_count", "preview")} == {
        "title": "Rivers",
        "provider": "openai",
        "model": "gpt-5",
        "source": "chatgpt",
        "message_count": 2,
        "preview": "Which is the longest?",
    }
    assert (row["created_at"], row["last_message_at"]) == ("2025-08-24T01:46:40.500000Z", "2025-08-24T01:46:42.500000Z")
    assert [(each["role"], each["content"], each["model"]) for each in chat(api, row["id"])["messages"]] == [
        ("user", "Which is the longest?", "gpt-5"),
        ("assistant", "The Nile.", "gpt-5"),
    ]


def test_a_form_does_as_well(api):
    file = SimpleUploadedFile("conversations.json", content_of([claude()]))
    answer = api.post(URL, {"file": file, "dry_run": "true"}, format="multipart")
    assert (answer.status_code, answer.json()["name"], answer.json()["dry_run"]) == (202, "conversations.json", True)


def test_a_broken_conversation_stops_no_other_and_is_named(api):
    broken = {**chatgpt(key="c2", title="Corrupted"), "mapping": None}
    empty = chatgpt(node("s", "root", "system", "hello"), key="c3", title="Empty")
    shown = imported(api, [broken, 7, chatgpt(), empty], "?name=conversations.json")
    assert counts(shown) == {
        "conversations": {"read": 4, "added": 1, "known": 0, "skipped": 3, "updated": 0},
        "messages": {"read": 2, "added": 2, "known": 0, "skipped": 0},
        "reasons": {},
        "problems": [
            {"place": "conversations.json, item 1, 'Corrupted'", "reason": "It has no messages (`mapping`)."},
            {"place": "conversations.json, item 2", "reason": "It is no object."},
            {"place": "conversations.json, item 4, 'Empty'", "reason": "It is empty: there is no message in it."},
        ],
        "state": "done",
        "error": None,
    }


def test_the_same_file_twice_adds_nothing(api):
    imported(api, [chatgpt(), claude()])
    again = imported(api, [chatgpt(), claude()])
    assert counts(again) == {
        "conversations": {"read": 2, "added": 0, "known": 2, "skipped": 0, "updated": 0},
        "messages": {"read": 4, "added": 0, "known": 4, "skipped": 0},
        "reasons": {},
        "problems": [],
        "state": "done",
        "error": None,
    }
    assert (Conversation.objects.count(), Message.objects.count()) == (2, 4)


def test_a_newer_export_adds_what_is_new_and_leaves_titles_alone(api):
    imported(api, [chatgpt()])
    (row,) = chats(api)
    api.patch(f"/api/v1/conversations/{row['id']}", {"title": "My own"})
    at = 1_756_000_000.5
    longer = chatgpt(
        node("q1", "root", text="Which is the longest?", at=at + 1),
        node("a1", "q1", "assistant", "The Nile.", at + 2),
        node("q2", "a1", text="And the widest?", at=at + 3),
        title="Their own",
    )
    shown = imported(api, [longer, chatgpt(key="c2")])
    assert shown["conversations"] == {"read": 2, "added": 1, "known": 1, "skipped": 0, "updated": 1}
    assert shown["messages"] == {"read": 5, "added": 3, "known": 2, "skipped": 0}
    grown = chat(api, row["id"])
    assert (grown["title"], grown["message_count"], grown["preview"]) == ("My own", 3, "And the widest?")
    assert grown["last_message_at"] == "2025-08-24T01:46:43.500000Z"
    assert [each["content"] for each in grown["messages"]] == ["Which is the longest?", "The Nile.", "And the widest?"]


def test_a_conversation_that_comes_twice_in_a_file_is_one(api):
    shown = imported(api, [chatgpt(), chatgpt(), chatgpt(title="Again")])
    assert (shown["conversations"]["added"], shown["conversations"]["known"], len(chats(api))) == (1, 2, 1)


def test_two_users_import_the_same_file(api, bob_api):
    for each in (api, bob_api):
        assert imported(each, [chatgpt()])["conversations"]["added"] == 1
        assert len(chats(each)) == 1


def test_lists_are_in_the_order_of_the_originals(api):
    imported(api, [chatgpt(key=str(number), title=str(number), at=1_700_000_000 + number * 50) for number in (3, 1, 2)])
    assert [row["title"] for row in chats(api)] == ["3", "2", "1"]
    assert [row["title"] for row in chats(api, "?ordering=-created_at")] == ["3", "2", "1"]


def test_what_came_is_found(api):
    imported(api, [chatgpt(), claude()])
    assert [row["title"] for row in chats(api, "?search=nile")] == ["Rivers"]
    assert [row["title"] for row in chats(api, "?search=mountains")] == ["Mountains"]


def test_a_list_that_is_cached_shows_what_came(api):
    assert [chats(api), chats(api)] == [[], []]
    imported(api, [chatgpt()])
    assert len(chats(api)) == 1


def test_a_dry_run_counts_and_stores_nothing(api):
    imported(api, [claude()])
    shown = imported(api, [chatgpt(), claude()], "?dry_run=true")
    assert shown["conversations"] == {"read": 2, "added": 1, "known": 1, "skipped": 0, "updated": 0}
    assert shown["messages"] == {"read": 4, "added": 2, "known": 2, "skipped": 0}
    assert [row["title"] for row in chats(api)] == ["Mountains"]


def test_imported_answers_are_no_usage(api):
    imported(api, [chatgpt()])
    assert set(Message.objects.values_list("metered", flat=True)) == {False}


LOOKED_FOR = (
    "LLMSelect (`last_message_at`), ChatGPT (`mapping`), Claude (`chat_messages`), Open WebUI (`chat`), LibreChat "
    "(`conversationId`), llm (SQLite, `responses`)."
)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b"", "The file is empty."),
        (b" \n", "The file is empty."),
        ([], f"No known history was found in the file. Looked for: {LOOKED_FOR}"),
        ([{"some": "thing"}], f"No known history was found in the file. Looked for: {LOOKED_FOR}"),
        (b"hello", f"No known history was found in the file. x: It is no JSON. Looked for: {LOOKED_FOR}"),
    ],
)
def test_other_files_are_refused(api, uploads, value, said):
    answer = upload(api, value, "?name=x")
    assert (answer.status_code, answer.json()) == (400, invalid(file=said))
    assert (Import.objects.count(), Job.objects.count(), list(uploads.glob("*"))) == (0, 0, [])


def test_bad_forms_are_refused(api):
    for body, said in (
        ({"dry_run": "true"}, invalid(file="Send one file, as the field file of a form, or as the body.")),
        ({"file": SimpleUploadedFile("a", b"[]"), "dry_run": "perhaps"}, invalid(dry_run="Must be true or false.")),
        ({"file": SimpleUploadedFile("a", b"[]"), "color": "red"}, invalid(color="Unknown field.")),
    ):
        answer = api.post(URL, body, format="multipart")
        assert (answer.status_code, answer.json()) == (400, said)
    assert upload(api, [chatgpt()], "?dry_run=perhaps").json() == invalid(dry_run="Must be true or false.")


def test_a_file_over_the_limit_is_refused(api, settings, uploads):
    settings.IMPORT_SIZE_LIMIT = 100
    answer = upload(api, [chatgpt()])
    assert (answer.status_code, answer.json()) == (400, invalid(file="The file is larger than 100 bytes."))
    assert list(uploads.iterdir()) == []


def test_a_file_that_breaks_off_brings_what_it_holds(api):
    whole = content_of([chatgpt(), claude(), chatgpt(key="c2")])
    shown = imported(api, whole[:-300], "?name=x.json")
    assert shown["conversations"] == {"read": 3, "added": 2, "known": 0, "skipped": 1, "updated": 0}
    assert shown["problems"][0]["place"] == "x.json, after item 2"
    assert shown["problems"][0]["reason"].startswith("It is no JSON from here on: ")


def test_others_imports_are_not_found(api, bob_api):
    pk = upload(api, [chatgpt()]).json()["id"]
    for answer in (bob_api.get(f"{URL}/{pk}"), bob_api.delete(f"{URL}/{pk}"), bob_api.post(f"{URL}/{pk}/cancel")):
        assert answer.status_code == 404
    assert bob_api.get(URL).json()["results"] == []


def test_the_list_takes_the_same_queries_however_long_it_is(api, ann, django_assert_num_queries):
    api.get(URL)
    for number in (1, 99):
        for _ in range(number):
            job = table.enqueue("import", {}, owner="x")
            Import.objects.create(user=ann, job=job)
        with django_assert_num_queries(1):
            shown = api.get(URL).json()
        assert len(shown["results"]) == min(20, number + (number > 1))


def test_only_a_few_at_once(api):
    for _ in range(5):
        assert upload(api, [chatgpt()]).status_code == 202
    said = "You have 5 imports that have not ended; wait for one, or cancel it."
    answer = upload(api, [chatgpt()])
    assert (answer.status_code, answer.json()) == (409, error("too_many_imports", said))


def test_shards_in_a_zip_are_all_read_and_missing_ones_named(api):
    files = {
        "export_manifest.json": {
            "files": ["conversations-000.json", "conversations-001.json", "conversations-002.json"]
        },
        "conversations-000.json": [chatgpt(key="a", title="A")],
        "conversations-001.json": [chatgpt(key="b", title="B")],
        "user.json": {"id": "me"},
        "chat.html": b"<html>",
    }
    shown = imported(api, zipped(files))
    assert shown["conversations"] == {"read": 3, "added": 2, "known": 0, "skipped": 1, "updated": 0}
    assert shown["problems"] == [
        {"place": "conversations-002.json", "reason": "The export names this file, but it is not in the ZIP."}
    ]
