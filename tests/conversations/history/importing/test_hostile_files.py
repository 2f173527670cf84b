"""Files that are made to harm: bombs, paths that lead out, encryption, damage, text that cannot be stored."""

import io
import json
import struct
import zipfile

import pytest

from conversations.history.importing.reading import archives, documents
from tests.conversations.history.importing.conftest import chat, chats, content_of, imported, upload, zipped
from tests.conversations.history.importing.samples import chatgpt, node

pytestmark = pytest.mark.django_db(transaction=True)


def refused(api, value):
    answer = upload(api, value, "?name=x.zip")
    assert answer.status_code == 400
    return answer.json()["details"]["file"][0]


@pytest.mark.parametrize(
    "name", ["../conversations.json", "/etc/conversations.json", "a/../../conversations.json", "C:/x.json"]
)
def test_paths_that_lead_out_are_refused(api, name):
    assert refused(api, zipped({name: [chatgpt()]})) == f"The ZIP holds a path that leads out of it: '{name}'."


def test_bombs_are_refused(api):
    bomb = zipped({"conversations.json": b"[" + b" " * 50_000_000 + b"]"})
    assert len(bomb) < 100_000
    assert refused(api, bomb) == "'conversations.json' in the ZIP unpacks to more than 200 times its size."


def test_a_bomb_that_lies_about_its_size_unpacks_to_no_more_than_it_says(api):
    """Its directory says that it is small; Python's reader stops there, and misses the checksum."""
    bomb = bytearray(zipped({"conversations.json": b"[" + b" " * 50_000_000 + b"]"}))
    entry = bomb.rindex(b"PK\x01\x02")
    struct.pack_into("<I", bomb, entry + 24, 1000)
    assert refused(api, bytes(bomb)).startswith("No known history was found in the file.")


def test_encrypted_files_are_refused(api):
    archive = bytearray(zipped({"conversations.json": [chatgpt()]}))
    archive[archive.rindex(b"PK\x01\x02") + 8] |= 1
    assert refused(api, bytes(archive)) == "The ZIP is encrypted; unpack it, and import what it holds."


def test_a_zip_that_was_cut_is_refused(api):
    whole = zipped({"conversations.json": [chatgpt()]})
    assert refused(api, whole[:-30]).startswith("The ZIP is damaged or incomplete:")


def test_a_zip_with_too_many_files_is_refused(api, monkeypatch):
    monkeypatch.setattr(archives, "MOST_FILES", 3)
    assert (
        refused(api, zipped({f"{number}.json": [] for number in range(4)}))
        == "The ZIP holds 4 files; at most 3 are read."
    )


def test_damage_inside_is_told_and_the_rest_comes(api):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("conversations-000.json", content_of([chatgpt(key="a")]))
        archive.writestr("conversations-001.json", content_of([chatgpt(key="b")]))
    damaged = buffer.getvalue().replace(b'"conversation_id": "b"', b'"conversation_id": "x"')
    shown = imported(api, damaged)
    assert shown["conversations"]["added"] >= 1
    assert shown["problems"][0]["place"].startswith("conversations-001.json")
    assert shown["problems"][0]["reason"].startswith("It is damaged: ")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damage_that_a_decompressor_notices_is_told_too(api, method):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("conversations-000.json", content_of([chatgpt(key="a")]))
        archive.writestr("conversations-001.json", content_of([chatgpt(key="b")]), compress_type=method)
    damaged = bytearray(buffer.getvalue())
    start = damaged.rindex(b"conversations-001.json", 0, damaged.rindex(b"PK\x01\x02")) + 22
    damaged[start + 60 : start + 90] = b"\xff" * 30
    shown = imported(api, bytes(damaged))
    assert (shown["state"], shown["conversations"]["added"]) == ("done", 1)
    assert shown["problems"][0]["place"].startswith("conversations-001.json")
    assert shown["problems"][0]["reason"].startswith("It is damaged: ")


def test_one_huge_conversation_ends_its_file_only(api, monkeypatch):
    monkeypatch.setattr(documents, "MOST_OF_ONE", 200_000)
    huge = chatgpt(node("q", "root", text="x" * 500_000), key="b")
    files = {"conversations-000.json": [chatgpt(key="a"), huge], "conversations-001.json": [chatgpt(key="c")]}
    shown = imported(api, zipped(files))
    assert (shown["conversations"]["added"], shown["problems"]) == (
        2,
        [{"place": "conversations-000.json, after item 1", "reason": "A conversation is larger than 200,000 bytes."}],
    )


def test_text_that_cannot_be_stored_is_mended(api):
    strange = json.dumps([chatgpt(node("q", "root", text="a\x00b \ud83d c"), title="t\x00")])
    imported(api, strange.encode())
    (row,) = chats(api)
    assert row["title"] == "t"
    assert chat(api, row["id"])["messages"][0]["content"].startswith("ab ")


def test_html_stays_text(api):
    imported(api, [chatgpt(node("q", "root", text="<script>alert(1)</script>"), title="<b>")])
    (row,) = chats(api)
    exported = api.get(f"/api/v1/conversations/{row['id']}/export")
    assert b"<script>" not in b"".join(exported.streaming_content)


def test_deep_nesting_is_no_crash(api):
    deep = b'[{"mapping": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b', "current_node": "x", "id": "d"}]'
    answer = upload(api, deep)
    assert answer.status_code in (202, 400)


def test_times_before_each_other_keep_the_order_of_the_tree(api):
    nodes = [node("q", "root", text="one", at=1_700_000_500.0), node("a", "q", "assistant", "two", 1_700_000_100.0)]
    nodes.append(node("r", "a", text="three"))
    imported(api, [chatgpt(*nodes, at=1_700_000_000.0)])
    shown = chat(api, chats(api)[0]["id"])
    assert [each["content"] for each in shown["messages"]] == ["one", "two", "three"]
    assert len({each["created_at"] for each in shown["messages"]}) == 3


def test_nothing_is_from_the_future(api):
    imported(api, [chatgpt(node("q", "root", text="one", at=9_999_999_999.0), at=9_999_999_999.0)])
    (row,) = chats(api)
    assert row["last_message_at"] < "2100"
