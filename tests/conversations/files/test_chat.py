"""Attachments of POST /chat and /chat/stream: what is kept, what the model is sent, now and in later turns."""

import base64
import hashlib

import pytest

from conversations.files import parts
from conversations.models import Conversation, FileUse, Message, StoredFile
from models_registry.models import LLMModel
from tests.conversations.files.helpers import FILES, PDF, PNG, folder, stored_contents, upload, uploaded
from tests.helpers import error, events, invalid

URL = "/api/v1/chat"
OPENAI = {"provider": "openai", "model": "stub"}
ANTHROPIC = {"provider": "anthropic", "model": "stub"}
DATA = base64.b64encode(PNG).decode()
PDF_DATA = base64.b64encode(PDF).decode()
IMAGE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{DATA}"}}
TEXT = {"type": "text", "text": "What is it?"}


def ask(api, *files, **more):
    response = api.post(URL, {**OPENAI, "message": "What is it?", "attachments": list(files), **more})
    assert response.status_code == 200, response.content
    return response.json()


def sent(stub):
    return stub.requests[-1].body["messages"]


def part(stored):
    kind = "image" if stored["media_type"].startswith("image/") else "document"
    names = {name: stored[name] for name in ("media_type", "name", "size")}
    return {"type": kind, **names, "file": stored["sha256"], "file_id": stored["id"]}


@pytest.mark.django_db
def test_an_image_goes_with_the_question(api, openai, stub):
    stored = upload(api).json()
    answer = ask(api, stored["id"])
    assert sent(stub) == [{"role": "user", "content": [TEXT, IMAGE]}]
    shown = api.get(f"/api/v1/conversations/{answer['conversation_id']}").json()["messages"]
    assert shown[0]["content"] == "What is it?"
    assert shown[0]["parts"] == [TEXT, part(stored)]
    assert shown[1]["parts"] is None


@pytest.mark.django_db
def test_a_stream_takes_them_too(api, openai, stub):
    pk = uploaded(api)
    received = events(api.post(f"{URL}/stream", {**OPENAI, "message": "What is it?", "attachments": [pk]}))
    assert received[-1]["event"] == "done"
    assert sent(stub) == [{"role": "user", "content": [TEXT, IMAGE]}]


@pytest.mark.django_db
def test_each_vendor_is_told_in_its_own_way(api, openai, anthropic, stub):
    files = [uploaded(api), uploaded(api, PDF, "a.pdf"), uploaded(api, b"1,2\n", "t.csv", "text/csv")]
    table = {"type": "text", "text": "t.csv:\n\n1,2\n"}
    ask(api, *files)
    file = {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF_DATA}"}
    assert sent(stub)[0]["content"] == [TEXT, IMAGE, {"type": "file", "file": file}, table]
    ask(api, *files, **ANTHROPIC, prompt_caching=False)
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": DATA}}
    source = {"type": "base64", "media_type": "application/pdf", "data": PDF_DATA}
    document = {"type": "document", "source": source, "title": "a.pdf"}
    assert sent(stub)[0]["content"] == [TEXT, image, document, table]


@pytest.mark.django_db
def test_later_turns_show_the_model_what_came_before(api, openai, stub):
    first = ask(api, uploaded(api))
    ask(api, conversation_id=first["conversation_id"], message="And now?")
    history = [{"role": "user", "content": [TEXT, IMAGE]}, {"role": "assistant", "content": first["response"]}]
    assert sent(stub) == [*history, {"role": "user", "content": "And now?"}]


@pytest.mark.django_db
def test_a_retry_and_an_edit_keep_them(api, openai, stub):
    stored = upload(api).json()
    question = ask(api, stored["id"])["question_id"]
    assert api.post(f"/api/v1/messages/{question}/retry", {}).status_code == 200
    assert sent(stub) == [{"role": "user", "content": [TEXT, IMAGE]}]
    edited = api.patch(f"/api/v1/messages/{question}", {"content": "And this?"}).json()
    assert edited["parts"] == [{"type": "text", "text": "And this?"}, part(stored)]
    assert api.post(f"/api/v1/messages/{question}/retry", {}).status_code == 200
    assert sent(stub) == [{"role": "user", "content": [{"type": "text", "text": "And this?"}, IMAGE]}]


@pytest.mark.django_db
def test_a_model_that_cannot_see_is_not_asked(api, openai, stub):
    LLMModel.objects.filter(provider=openai).update(vision=False)
    pk = uploaded(api)
    for path in (URL, f"{URL}/stream"):
        response = api.post(path, {**OPENAI, "message": "What is it?", "attachments": [pk]})
        assert response.status_code == 400
        names = {"provider": "openai", "model": "stub"}
        said = "openai/stub cannot see images. Choose another model."
        assert response.json() == error("images_not_supported", said, names)
    assert (stub.requests, Conversation.objects.count()) == ([], 0)
    ask(api, uploaded(api, b"text", "a.txt", "text/plain"))


@pytest.mark.django_db
def test_what_is_not_ones_own_is_refused(api, bob_api, openai, stub):
    mine, missing = uploaded(api), "0" * 8 + "-0000-7000-8000-" + "0" * 12
    for other in (uploaded(bob_api), missing):
        response = api.post(URL, {**OPENAI, "message": "Hi", "attachments": [mine, other]})
        assert response.status_code == 400
        assert response.json() == invalid(attachments__1="You have no file of this id.")
    assert (stub.requests, Message.objects.count()) == ([], 0)


@pytest.mark.django_db
@pytest.mark.parametrize("given", ["x", [1], ["x"], None, {}])
def test_bad_lists_are_refused(api, openai, given):
    response = api.post(URL, {**OPENAI, "message": "Hi", "attachments": given})
    assert (response.status_code, response.json()["error"]) == (400, "invalid")


@pytest.mark.django_db
def test_too_many_and_the_same_twice_are_refused(api, openai):
    pk = uploaded(api)
    twice = api.post(URL, {**OPENAI, "message": "Hi", "attachments": [pk, pk]})
    assert twice.json() == invalid(attachments="Name each file once.")
    many = api.post(URL, {**OPENAI, "message": "Hi", "attachments": [pk] * 11})
    assert many.json() == invalid(attachments="Ensure this field has no more than 10 elements.")


@pytest.mark.django_db
def test_an_export_names_them(api, openai):
    stored = upload(api, name="holiday.png").json()
    pk = ask(api, stored["id"])["conversation_id"]
    written = b"".join(api.get(f"/api/v1/conversations/{pk}/export").streaming_content).decode()
    assert "What is it?\n\n[image: holiday.png]" in written
    whole = b"".join(api.get(f"/api/v1/conversations/{pk}/export?format=json").streaming_content).decode()
    assert all(f'"{stored[name]}"' in whole for name in ("id", "name", "sha256"))


@pytest.mark.django_db
def test_a_file_in_use_is_not_deleted(api, openai):
    pk = uploaded(api)
    ask(api, pk)
    response = api.delete(f"{FILES}/{pk}")
    assert (response.status_code, response.json()["error"]) == (409, "file_in_use")
    assert FileUse.objects.count() == 1


@pytest.mark.django_db
def test_a_content_that_is_lost_fails_the_call_alone(api, ann, openai, stub, settings):
    pk = uploaded(api)
    digest = hashlib.sha256(PNG).hexdigest()
    (folder() / str(ann.pk) / digest[:2] / digest).unlink()
    response = api.post(URL, {**OPENAI, "message": "Hi", "attachments": [pk]})
    assert (response.status_code, response.json()["error"]) == (502, "file_gone")
    assert stub.requests == []


@pytest.mark.django_db
def test_a_chat_goes_on_without_a_content_that_is_lost(api, ann, openai, stub):
    first = ask(api, uploaded(api))
    digest = hashlib.sha256(PNG).hexdigest()
    (folder() / str(ann.pk) / digest[:2] / digest).unlink()
    ask(api, conversation_id=first["conversation_id"], message="And now?")
    gone = {"type": "text", "text": "[The file a.png, which was sent earlier, is gone.]"}
    assert sent(stub)[0]["content"] == [TEXT, gone]


@pytest.mark.django_db
def test_old_files_beyond_a_limit_are_only_named(api, openai, stub, monkeypatch):
    monkeypatch.setattr(parts, "SENT_LIMIT", 100)
    first = ask(api, uploaded(api, PNG, "old.png"))
    ask(api, uploaded(api, PNG, "new.png"), conversation_id=first["conversation_id"])
    old, _, new = sent(stub)
    left_out = "[The file old.png, which was sent earlier, is left out here.]"
    assert old["content"] == [TEXT, {"type": "text", "text": left_out}]
    assert new["content"] == [TEXT, IMAGE]


@pytest.mark.django_db(transaction=True)
class TestDeletion:
    def test_with_the_last_message(self, api, ann, openai):
        pk = uploaded(api)
        first, second = ask(api, pk), ask(api, pk)
        assert api.delete(f"/api/v1/messages/{first['question_id']}").status_code == 204
        assert len(stored_contents(ann.pk)) == 1
        assert api.delete(f"/api/v1/messages/{second['question_id']}").status_code == 204
        assert (stored_contents(ann.pk), StoredFile.objects.count()) == ([], 0)

    def test_with_the_conversation(self, api, ann, openai):
        pk = ask(api, uploaded(api), uploaded(api, PDF, "a.pdf"))["conversation_id"]
        assert len(stored_contents(ann.pk)) == 2
        assert api.delete(f"/api/v1/conversations/{pk}").status_code == 204
        assert (stored_contents(ann.pk), StoredFile.objects.count(), FileUse.objects.count()) == ([], 0, 0)

    def test_with_the_account(self, api, ann, bob_api, bob, openai):
        ask(api, uploaded(api))
        uploaded(api, PDF, "unused.pdf")
        uploaded(bob_api)
        assert api.delete("/api/v1/auth/me", {"password": "correct horse battery"}).status_code == 204
        assert (stored_contents(ann.pk), len(stored_contents(bob.pk))) == ([], 1)

    def test_by_staff(self, api, ann, openai):
        ask(api, uploaded(api))
        Conversation.objects.all().delete()
        assert stored_contents(ann.pk) == []
