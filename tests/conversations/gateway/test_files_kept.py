"""What requests to the gateway carry is stored as files, and found again when a history is sent back."""

import base64
import hashlib

import pytest

from conversations.models import Conversation, FileUse, Message, StoredFile
from tests.conversations.gateway.helpers import PDF, PNG, assistant, scripted, user
from tests.helpers import client_with

pytestmark = pytest.mark.django_db(transaction=True)

MODEL = scripted("openai", reply="A dot.")
IMAGE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}", "detail": "high"}}
FILE = {"type": "file", "file": {"filename": "../a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}}
QUESTION = user([{"type": "text", "text": "What is it?"}, IMAGE, FILE])


def ask(client, *messages, model=MODEL, **more):
    raw = client.chat.completions.with_raw_response.create(model=model, messages=list(messages), **more)
    return raw.headers.get("x-conversation-id")


def test_they_are_ones_own_files(client, openai, token):
    ask(client, QUESTION)
    api = client_with(token)
    pdf, image = api.get("/api/v1/files").json()["results"]
    assert (image["name"], image["media_type"]) == ("image.png", "image/png")
    assert (pdf["name"], pdf["media_type"]) == ("a.pdf", "application/pdf")
    content = base64.b64decode(PNG)
    assert image["sha256"] == hashlib.sha256(content).hexdigest()
    assert b"".join(api.get(f"/api/v1/files/{image['id']}/content").streaming_content) == content
    shown = Message.objects.get(role="user").parts
    assert [part.get("file_id") for part in shown] == [None, image["id"], pdf["id"]]
    assert shown[1]["detail"] == "high"


def test_a_history_with_files_continues_its_conversation(client, openai):
    first = ask(client, QUESTION)
    assert ask(client, QUESTION, assistant("A dot."), user("Sure?")) == first
    assert (StoredFile.objects.count(), FileUse.objects.count()) == (2, 2)


def test_a_chat_goes_on_with_them(client, openai, stub, token):
    pk = ask(client, QUESTION)
    api = client_with(token)
    answer = api.post("/api/v1/chat", {"conversation_id": pk, "message": "Sure?"})
    assert answer.status_code == 200, answer.content
    asked = stub.requests[-1].body["messages"]
    assert [message["role"] for message in asked] == ["user", "assistant", "user"]
    assert asked[0]["content"][1] == IMAGE
    assert asked[0]["content"][2]["file"]["file_data"] == FILE["file"]["file_data"]


def test_they_go_with_their_conversation(client, openai, token):
    pk = ask(client, QUESTION)
    other = ask(client, user("Other"), assistant("Fine."), QUESTION)
    api = client_with(token)
    assert api.delete(f"/api/v1/conversations/{pk}").status_code == 204
    assert StoredFile.objects.count() == 2
    assert api.delete(f"/api/v1/conversations/{other}").status_code == 204
    assert StoredFile.objects.count() == 0


def test_what_is_no_file_keeps_its_digest(client, openai):
    odd = {"type": "image_url", "image_url": {"url": "data:image/png;base64,bm90IGFuIGltYWdl\u0041"}}
    ask(client, user([{"type": "text", "text": "What is it?"}, odd]))
    assert StoredFile.objects.count() <= 1  # a text at most
    assert len(Message.objects.get(role="user").parts[1]["file"]) == 64


def test_nothing_is_stored_where_nothing_is_kept(client, openai):
    ask(client, QUESTION, store=False)
    assert (StoredFile.objects.count(), Conversation.objects.count()) == (0, 0)


def test_a_full_quota_is_said_in_the_protocols_words(client, openai, settings, stub):
    settings.FILES_QUOTA = 10
    with pytest.raises(Exception, match="Your files have 0 of 10 bytes") as raised:
        ask(client, QUESTION)
    assert raised.value.status_code == 413
    assert (stub.requests, Conversation.objects.count()) == ([], 0)
