"""GET /conversations/{id} tells of a running answer, until it has ended or is lost."""

from threading import Thread

import pytest
from django.db import OperationalError, connection

from conversations.chat import running
from conversations.chat.running import LostAnswers, mark_stored
from conversations.chat.watching import renew_running
from conversations.models import Conversation, Message
from tests.helpers import cache_state, closing_connection, conversation, each_event, events, eventually

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/chat/stream"
HELLO = {"provider": "openai", "model": "stub", "message": "hello you there"}


@pytest.fixture
def stream(api, openai, opened):
    def begin(path=URL, **change):
        response = api.post(path, {**HELLO, **change})
        opened.append(response)
        assert response.status_code == 200, response.content
        return response

    return begin


def shown(api, row=None):
    pk = Conversation.objects.get().pk if row is None else row.pk
    return api.get(f"/api/v1/conversations/{pk}").json()["running"]


@pytest.fixture
def lost(monkeypatch):
    """Take the lease for over as soon as a mark was seen twice."""
    monkeypatch.setattr(running, "LEASE", 0.0)
    return LostAnswers()


def test_from_the_question_to_the_answer(api, stream):
    response = stream()
    row = Conversation.objects.get()
    said = shown(api)
    assert said == {"stream_id": str(row.running), "url": f"/api/v1/chat/streams/{row.running}"}
    assert cache_state(api, f"/api/v1/conversations/{row.pk}") == "hit"
    start = events(response)[0]
    assert said == {"stream_id": start["stream_id"], "url": start["url"]}
    assert shown(api) is None


@pytest.mark.parametrize("script", ["status=401", "cut=1", "end=early"])
def test_until_it_failed(api, stream, script):
    events(stream(model=f"stub?{script}"))
    assert shown(api) is None


def test_until_it_was_given_up(api, stream):
    stream(on_disconnect="stop").close()
    assert shown(api) is None


def test_of_a_conversation_that_goes_on(api, ann, stream):
    row = conversation(ann, messages=2)
    assert shown(api, row) is None
    response = stream(conversation_id=str(row.pk))
    assert shown(api, row) is not None
    assert events(response)[-1]["event"] == "done"
    assert shown(api, row) is None


def test_of_a_retry(api, ann, stream):
    row = conversation(ann, messages=2)
    question = row.messages.get(role="user")
    response = api.post(f"/api/v1/messages/{question.pk}/retry/stream", {})
    url = shown(api, row)["url"]
    assert events(response)[0]["url"] == url
    assert shown(api, row) is None


def test_of_a_whole_chat(api, openai):
    ask = {**HELLO, "model": "stub?first=1"}
    thread = Thread(target=closing_connection, args=(lambda: api.post("/api/v1/chat", ask),))
    thread.start()
    assert eventually(Conversation.objects.exists, 10)
    assert shown(api) is not None
    thread.join(10)
    assert shown(api) is None


def test_the_newest_of_two(api, ann, stream):
    row = conversation(ann, messages=2)
    first, second = stream(conversation_id=str(row.pk)), stream(conversation_id=str(row.pk))
    assert events(first)[0]["url"] != (newest := shown(api, row)["url"])
    assert events(second)[0]["url"] == newest
    assert shown(api, row) is None


# Lost with their process


def test_a_question_whose_answer_was_lost_gets_one_that_says_so(api, ann, lost):
    row = conversation(ann, messages=1)
    mark_stored(row)
    assert lost.settle() == 0
    assert shown(api, row) is not None
    assert lost.settle() == 1
    said = api.get(f"/api/v1/conversations/{row.pk}").json()
    assert said["running"] is None
    question, answer = said["messages"]
    assert (answer["role"], answer["status"], answer["content"]) == ("assistant", "error", "")
    assert answer["error"] == {"error": "interrupted", "message": "The answer was given up before it was complete."}
    assert said["message_count"] == 2
    assert said["last_message_at"] == answer["created_at"] > question["created_at"]
    assert lost.settle() == 0
    assert api.post(f"/api/v1/messages/{question['id']}/retry", {}).status_code != 409


def test_one_whose_retry_was_lost_keeps_its_answer(api, ann, lost):
    row = conversation(ann, messages=2)
    mark_stored(row)
    lost.settle()
    assert lost.settle() == 1
    assert shown(api, row) is None
    assert Message.objects.count() == 2


def test_one_that_is_renewed_is_not_lost(api, stream, lost):
    response = stream(model="stub?hang=mid")
    next(each_event(response))
    for _ in range(3):
        assert lost.settle() == 0
        renew_running()
    assert shown(api) is not None


def test_one_that_was_unseen_in_an_outage_is_observed_anew(ann, lost):
    mark_stored(conversation(ann, messages=1))
    assert lost.settle() == 0
    with connection.execute_wrapper(away), pytest.raises(OperationalError):
        lost.settle()
    assert lost.settle() == 0
    assert lost.settle() == 1


def away(*_):
    raise OperationalError("the server closed the connection unexpectedly")


def test_two_that_look_settle_once(ann, lost):
    mark_stored(conversation(ann, messages=1))
    other = LostAnswers()
    lost.settle(), other.settle()
    assert lost.settle() + other.settle() == 1
    assert Message.objects.count() == 2
