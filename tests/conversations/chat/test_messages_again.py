"""POST /messages/{id}/retry, PATCH and DELETE /messages/{id}."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.utils import timezone

from conversations.chat.retrying import RUNNING
from conversations.models import Conversation, Message
from tests.helpers import chunks, closing_connection, conversation, each_event, error, events, eventually, invalid

pytestmark = pytest.mark.django_db(transaction=True)

CHAT = "/api/v1/chat"
TARGET = {"provider": "openai", "model": "stub"}
NEITHER = invalid(id="This is neither the last question nor one without an answer.")


def url(message, action=""):
    return f"/api/v1/messages/{getattr(message, 'pk', message)}{action}"


def told(stub):
    return [(message["role"], message["content"]) for message in stub.requests[-1].body["messages"]]


def stored(row):
    return list(Message.objects.filter(conversation=row).order_by("created_at", "id").values_list("role", "content"))


def message(row, number):
    return Message.objects.filter(conversation=row).order_by("created_at", "id")[number]


def is_counted(row):
    """Tell whether the figures of a conversation are those of its messages."""
    row.refresh_from_db()
    rows = Message.objects.filter(conversation=row).order_by("created_at", "id")
    asked, last = rows.filter(role="user").last(), rows.last()
    return (row.message_count, row.preview, row.last_message_at) == (
        rows.count(),
        asked.content[:100] if asked else "",
        last.created_at if last else row.created_at,
    )


@pytest.fixture
def row(ann, openai):
    return conversation(ann, messages=2)


@pytest.fixture
def failing(api, row, openai):
    """Fail the third message of a conversation; return the id of the error."""
    body = {"conversation_id": str(row.pk), "message": "refused", **TARGET, "model": "stub?status=400"}
    return api.post(CHAT, body).json()["details"]["message_id"]


# Retry


@pytest.mark.parametrize("of", ["question", "error"])
def test_a_failed_question_is_answered(api, row, failing, stub, of):
    question = message(row, 2)
    response = api.post(url(question if of == "question" else failing, "/retry"), TARGET)
    assert response.status_code == 200, response.content
    assert told(stub) == [("user", "message 0"), ("assistant", "message 1"), ("user", "refused")]
    history = [("user", "message 0"), ("assistant", "message 1"), ("user", "refused"), ("assistant", "refused")]
    assert stored(row) == history
    assert is_counted(row)
    detail = api.get(f"/api/v1/conversations/{row.pk}").json()
    assert response.json() == {
        "conversation_id": str(row.pk),
        "question_id": str(question.pk),
        "response": "refused",
        "message": detail["messages"][-1],
        "context": {"dropped_messages": 0},
    }
    assert (detail["model"], detail["messages"][-1]["status"]) == ("stub", "complete")


def test_the_body_may_be_left_out(ann, api, openai, stub):
    row = conversation(ann, messages=1, model="stub?reply=hi", last_message_at=timezone.now() - RUNNING)
    response = api.post(url(message(row, 0), "/retry"))
    assert (response.status_code, response.json()["response"]) == (200, "hi")
    assert stub.requests[-1].body["model"] == "stub?reply=hi"


def test_parameters_are_sent(api, row, stub):
    api.post(url(message(row, 0), "/retry"), {"temperature": 0, "max_tokens": 7})
    assert (stub.requests[-1].body["temperature"], stub.requests[-1].body["max_completion_tokens"]) == (0, 7)


def test_the_last_question_is_answered_anew(api, row, stub):
    earlier = message(row, 1)
    assert api.post(url(message(row, 0), "/retry")).json()["response"] == "message 0"
    assert stored(row) == [("user", "message 0"), ("assistant", "message 0")]
    assert not Message.objects.filter(pk=earlier.pk).exists()
    assert told(stub) == [("user", "message 0")]
    assert is_counted(row)


def test_a_failed_question_in_the_middle_is_answered_in_its_place(api, row, failing, stub):
    api.post(CHAT, {"conversation_id": str(row.pk), "message": "next", **TARGET})
    assert api.post(url(failing, "/retry"), TARGET).status_code == 200
    assert told(stub) == [("user", "message 0"), ("assistant", "message 1"), ("user", "refused")]
    api.post(CHAT, {"conversation_id": str(row.pk), "message": "last"})
    assert [text for _, text in told(stub)] == ["message 0", "message 1", "refused", "refused", "next", "next", "last"]
    assert is_counted(row)


def test_a_question_without_any_answer_in_the_middle(ann, api, row, stub):
    Message.objects.filter(content="message 1").delete()
    Message.objects.update(created_at=timezone.now() - RUNNING)
    api.post(CHAT, {"conversation_id": str(row.pk), "message": "next"})
    assert api.post(url(message(row, 0), "/retry")).status_code == 200
    assert [text for _, text in stored(row)] == ["message 0", "message 0", "next", "next"]


def test_an_answered_question_in_the_middle_is_refused(ann, api, openai, stub):
    row = conversation(ann, messages=4)
    for method, path, body in (
        ("post", url(message(row, 0), "/retry"), {}),
        ("delete", url(message(row, 1)), {}),
        ("patch", url(message(row, 0)), {"content": "x"}),
    ):
        response = getattr(api, method)(path, body)
        assert (response.status_code, response.json()) == (400, NEITHER)
    assert (stub.requests, len(stored(row))) == ([], 4)


def test_a_retry_that_fails_leaves_the_earlier_answer(api, row):
    response = api.post(url(message(row, 0), "/retry"), {**TARGET, "model": "stub?status=400"})
    details = response.json()["details"]
    assert (response.status_code, details["message_id"]) == (502, None)
    assert stored(row) == [("user", "message 0"), ("assistant", "message 1")]
    assert api.post(url(message(row, 0), "/retry"), TARGET).status_code == 200


def test_a_retry_of_a_failure_that_fails_replaces_it(api, row, failing):
    response = api.post(url(failing, "/retry"), {**TARGET, "model": "stub?status=500&should_retry=false"})
    kept = response.json()["details"]["message_id"]
    assert (response.status_code, kept == failing, str(message(row, 3).pk)) == (502, False, kept)
    assert (len(stored(row)), is_counted(row)) == (4, True)


def test_two_retries_that_meet(api, row, stub):
    path = url(message(row, 0), "/retry")
    with ThreadPoolExecutor(1) as thread:
        slow = {**TARGET, "model": "stub?first=0.6"}
        first = thread.submit(closing_connection, lambda: api.post(path, slow))
        assert eventually(lambda: len(stub.requests) == 1)
        busy = error("in_progress", "This question is being answered; try again in a moment.")
        for method, place, body in (
            ("post", path, {}),
            ("patch", url(message(row, 0)), {"content": "x"}),
            ("delete", url(message(row, 0)), {}),
        ):
            response = getattr(api, method)(place, body)
            assert (response.status_code, response.json()) == (409, busy)
        assert first.result().status_code == 200
    assert stored(row) == [("user", "message 0"), ("assistant", "message 0")]
    assert api.post(path, TARGET).status_code == 200


def test_many_retries_at_once_leave_one_answer(api, row):
    path = url(message(row, 0), "/retry")
    with ThreadPoolExecutor(4) as threads:
        send = lambda _: closing_connection(lambda: api.post(path, {**TARGET, "model": "stub?first=0.2"}))  # noqa: E731
        codes = [response.status_code for response in threads.map(send, range(4))]
    assert set(codes) <= {200, 409}
    assert codes.count(200) >= 1
    assert (len(stored(row)), is_counted(row)) == (2, True)


@pytest.mark.parametrize("path", [CHAT, f"{CHAT}/stream"])
def test_a_question_that_is_being_answered(api, row, stub, path):
    def ask():
        body = {"conversation_id": str(row.pk), "message": "slow", **TARGET, "model": "stub?first=0.6"}
        return api.post(path, body).getvalue()

    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(closing_connection, ask)
        assert eventually(lambda: len(stub.requests) == 1)
        question = message(row, 2)
        for method, place, body in (
            ("post", url(question, "/retry"), {}),
            ("post", url(question, "/retry/stream"), {}),
            ("patch", url(question), {"content": "x"}),
            ("delete", url(question), {}),
        ):
            response = getattr(api, method)(place, body)
            assert (response.status_code, response.json()["error"]) == (409, "in_progress")
        first.result()
    assert stored(row)[2:] == [("user", "slow"), ("assistant", "slow")]
    assert api.delete(url(question)).status_code == 204


def test_a_question_whose_process_died_can_be_retried(api, row, stub):
    Message.objects.filter(content="message 1").delete()
    Message.objects.update(created_at=timezone.now() - RUNNING)
    assert api.post(url(message(row, 0), "/retry")).status_code == 200
    assert stored(row) == [("user", "message 0"), ("assistant", "message 0")]


def test_a_retry_may_be_streamed(api, row, failing, stub):
    received = events(api.post(url(failing, "/retry/stream"), {**TARGET, "max_tokens": 9}))
    names = [event["event"] for event in received]
    assert (names[0], names[-1], chunks(received)) == ("start", "done", ["refused"])
    assert stub.requests[-1].body["max_completion_tokens"] == 9
    assert stored(row)[2:] == [("user", "refused"), ("assistant", "refused")]
    assert received[-1]["message_id"] == str(message(row, 3).pk)
    assert is_counted(row)


def test_a_streamed_retry_that_is_left_keeps_what_has_come(api, row, failing, stub):
    asked = {**TARGET, "model": "stub?reply=one+two&hang=1", "on_disconnect": "stop"}
    response = api.post(url(failing, "/retry/stream"), asked)
    received = each_event(response)
    while next(received)["event"] != "chunk":
        pass
    response.close()
    answer = message(row, 3)
    assert (answer.status, bool(answer.content), is_counted(row)) == ("interrupted", True, True)


@pytest.mark.parametrize("action", ["/retry", "/retry/stream"])
def test_a_retry_takes_no_idempotency_key(api, row, stub, action):
    response = api.post(url(message(row, 0), action), {}, headers={"Idempotency-Key": "k"})
    assert (response.status_code, list(response.json()["details"])) == (400, ["Idempotency-Key"])
    assert stub.requests == []


@pytest.mark.parametrize("model", ["stub?status=400", "stub"])
def test_the_request_that_asked_gets_the_new_answer_when_it_is_repeated(api, openai, stub, model):
    ask = lambda: api.post(CHAT, {**TARGET, "model": model, "message": "hi"}, headers={"Idempotency-Key": "k"})  # noqa: E731
    ask()
    row = Conversation.objects.get()
    answer = api.post(url(message(row, 0), "/retry"), {"model": "stub?reply=new", "provider": "openai"}).json()
    repeated = ask()
    assert (repeated.status_code, repeated.json()) == (200, answer)
    assert (len(stub.requests), len(stored(row))) == (2, 2)


def test_a_retry_counts_against_the_rate_limit_of_chats(api, row, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "completion": "1/minute"}
    path = url(message(row, 0), "/retry")
    assert [api.post(path).status_code for _ in range(2)] == [200, 429]


def test_deleting_the_conversation_meanwhile(api, row, stub):
    with ThreadPoolExecutor(1) as thread:
        path = url(message(row, 0), "/retry")
        slow = thread.submit(closing_connection, lambda: api.post(path, {**TARGET, "model": "stub?first=0.4"}))
        assert eventually(lambda: len(stub.requests) == 1)
        api.delete(f"/api/v1/conversations/{row.pk}")
        assert slow.result().status_code < 500
    assert not Message.objects.exists()


# Edit


def test_editing_the_last_question_removes_its_answer(api, row, stub):
    question = message(row, 0)
    response = api.patch(url(question), {"content": "Why?"})
    detail = api.get(f"/api/v1/conversations/{row.pk}").json()
    assert (response.status_code, response.json()) == (200, detail["messages"][0])
    assert stored(row) == [("user", "Why?")]
    assert (detail["preview"], is_counted(row)) == ("Why?", True)
    assert api.post(url(question, "/retry")).status_code == 200
    assert told(stub) == [("user", "Why?")]


def test_the_new_text_is_found_and_the_old_one_is_not(api, row):
    api.patch(url(message(row, 0)), {"content": "zebra"})
    found = [len(api.get(f"/api/v1/conversations?search={word}").json()["results"]) for word in ("zebra", "message")]
    assert found == [1, 0]


@pytest.mark.parametrize("content", [None, "", "  ", 5, [], "a\0", "x" * 100_001], ids=lambda value: repr(value)[:9])
def test_invalid_texts(api, row, content):
    response = api.patch(url(message(row, 0)), {"content": content})
    assert (response.status_code, list(response.json()["details"])) == (400, ["content"])
    assert len(stored(row)) == 2


def test_an_answer_cannot_be_edited(api, row):
    response = api.patch(url(message(row, 1)), {"content": "x"})
    assert (response.status_code, response.json()) == (400, invalid(id="This is an answer; edit its question."))


def test_a_failed_question_that_is_not_last_cannot_be_edited(api, row, failing):
    question = message(row, 2)
    api.post(CHAT, {"conversation_id": str(row.pk), "message": "next", **TARGET})
    assert api.patch(url(question), {"content": "x"}).status_code == 400
    assert len(stored(row)) == 6


# Delete


@pytest.mark.parametrize("number", [0, 1])
def test_deleting_the_last_turn(ann, api, openai, number):
    row = conversation(ann, messages=4)
    assert api.delete(url(message(row, 2 + number))).status_code == 204
    assert stored(row) == [("user", "message 0"), ("assistant", "message 1")]
    assert is_counted(row)
    assert api.get(f"/api/v1/conversations/{row.pk}").json()["message_count"] == 2


def test_deleting_it_twice(api, row):
    path = url(message(row, 0))
    assert [api.delete(path).status_code for _ in range(2)] == [204, 404]


@pytest.mark.parametrize("pk", ["x", "1", "00000000-0000-7000-8000", "%00"])
def test_a_malformed_id(api, row, pk):
    requests = [api.post(url(pk, "/retry")), api.patch(url(pk), {"content": "x"}), api.delete(url(pk))]
    assert [response.status_code for response in requests] == [404] * 3


def test_deleting_the_only_turn(api, row):
    assert api.delete(url(message(row, 0))).status_code == 204
    assert (stored(row), is_counted(row)) == ([], True)
    assert Conversation.objects.filter(pk=row.pk).exists()


def test_deleting_a_failed_question_in_the_middle(api, row, failing):
    api.post(CHAT, {"conversation_id": str(row.pk), "message": "next", **TARGET})
    assert api.delete(url(failing)).status_code == 204
    assert [text for _, text in stored(row)] == ["message 0", "message 1", "next", "next"]
    assert is_counted(row)


# Whose


@pytest.mark.parametrize("whose", ["unknown", "foreign"])
def test_what_is_not_ones_own_is_not_found(bob, api, openai, whose):
    row = conversation(bob, messages=2)
    pk = message(row, 0).pk if whose == "foreign" else UUID(int=1)
    for method, path in (
        ("post", url(pk, "/retry")),
        ("post", url(pk, "/retry/stream")),
        ("patch", url(pk)),
        ("delete", url(pk)),
    ):
        response = getattr(api, method)(path, {"content": "x"} if method == "patch" else {})
        assert (response.status_code, response.json()) == (404, error("not_found", "Not found."))
    assert len(stored(row)) == 2
