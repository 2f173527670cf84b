"""POST /chat/stream."""

from uuid import UUID

import pytest

from conversations.completions.concurrency import Slot
from conversations.models import Conversation, Message
from models_registry.models import LLMModel
from tests.helpers import (
    chunks,
    conversation,
    each_event,
    error,
    events,
    eventually,
    free_slots,
    holds_a_connection,
    usage,
)

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/chat/stream"
HELLO = {"provider": "openai", "model": "stub", "message": "hello you there"}


@pytest.fixture
def stream(api, openai, opened):
    """Begin a stream."""

    def begin(**change):
        response = api.post(URL, {**HELLO, **change})
        opened.append(response)
        assert response.status_code == 200, response.content
        return response

    return begin


def stored():
    return list(Message.objects.order_by("created_at").values_list("role", "content", "status"))


USER = ("user", "hello you there", "complete")


def test_all_events_in_order(ann, stream):
    received = events(stream())
    row = Conversation.objects.get(user=ann)
    question, answer = Message.objects.order_by("created_at")
    assert "".join(chunks(received)) == "hello you there"
    assert [event for event in received if event["event"] != "chunk"] == [
        {
            "event": "start",
            "conversation_id": str(row.pk),
            "question_id": str(question.pk),
            "stream_id": received[0]["stream_id"],
            "url": f"/api/v1/chat/streams/{received[0]['stream_id']}",
        },
        {
            "event": "done",
            "conversation_id": str(row.pk),
            "question_id": str(question.pk),
            "message_id": str(answer.pk),
            "finish_reason": "stop",
            "usage": {**usage(3, 3), "cost": "0.0000375", "cost_source": "registry", "estimated": False},
            "time": answer.time,
            "ttft": answer.ttft,
            "context": {"dropped_messages": 0},
        },
    ]
    assert (received[0]["event"], received[-1]["event"]) == ("start", "done")
    assert stored() == [USER, ("assistant", "hello you there", "complete")]
    assert (row.message_count, row.last_message_at) == (2, answer.created_at)


def test_chunks_come_one_by_one(stream):
    assert chunks(events(stream(model="stub?delay=0.05"))) == ["hello ", "you ", "there"]


def test_time_to_first_token(stream):
    done = events(stream(model="stub?first=0.1&delay=0.1"))[-1]
    assert 0.1 <= done["ttft"] <= done["time"] - 0.15  # two more pieces, each after 0.1 seconds


def test_headers(stream):
    headers = stream().headers
    assert headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert (headers["Cache-Control"], headers["X-Accel-Buffering"]) == ("no-cache", "no")


@pytest.mark.django_db
@pytest.mark.parametrize("accept", ["text/event-stream", "text/html", "application/xml", "application/json"])
def test_it_streams_whatever_accept_says(api, openai, accept):
    response = api.post(URL, HELLO, HTTP_ACCEPT=accept)
    assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert events(response)[-1]["event"] == "done"


@pytest.mark.django_db
def test_it_is_never_compressed(api, openai):
    response = api.post(URL, HELLO, HTTP_ACCEPT_ENCODING="gzip, br")
    assert "Content-Encoding" not in response.headers
    assert events(response)[-1]["event"] == "done"


def test_an_event_is_one_line_of_data(stream):
    parts = b"".join(stream(model="stub?reply=a%0Ab%E2%80%A8c").streaming_content)
    assert parts.endswith(b"\n\n")
    for number, part in enumerate(parts.rstrip(b"\n").split(b"\n\n"), 1):
        assert part.startswith(b'id: %d\ndata: {"' % number)
        assert part.count(b"\n") == 1


def test_it_continues_a_conversation(stream, stub):
    first = events(stream(system="Be brief."))[-1]
    second = events(stream(conversation_id=first["conversation_id"], message="again"))[-1]
    assert second["conversation_id"] == first["conversation_id"]
    assert [message["content"] for message in stub.requests[-1].body["messages"]] == [
        "Be brief.",
        "hello you there",
        "hello you there",
        "again",
    ]
    assert Conversation.objects.get().message_count == 4


@pytest.mark.django_db
def test_anthropic(api, anthropic):
    received = events(api.post(URL, {**HELLO, "provider": "anthropic"}))
    assert "".join(chunks(received)) == "hello you there"
    assert received[-1]["usage"] == {
        **usage(3, 3),
        "cost": None,
        "cost_source": None,
        "estimated": False,
    }


@pytest.mark.django_db
def test_the_echo(api, echo):
    received = events(api.post(URL, {"provider": "echo", "model": "echo-fast", "message": "one two"}))
    assert ("".join(chunks(received)), received[-1]["event"]) == ("one two", "done")


@pytest.mark.django_db
def test_usage_that_is_not_reported_is_estimated(stream, openai):
    LLMModel.objects.create(provider=openai, model_id="stub?usage=0", name="x", input_price=1, output_price=1)
    assert events(stream(model="stub?usage=0"))[-1]["usage"] == {
        **usage(4, 4),
        "cost": "0.000008",
        "cost_source": "estimated",
        "estimated": True,
    }


@pytest.mark.django_db
def test_what_the_database_could_not_store_is_made_storable(stream):
    received = events(stream(model="stub?nul=1&surrogate=1"))
    assert "".join(chunks(received)) == "hello you there😀\ufffdx"
    assert stored()[-1] == ("assistant", "hello you there😀\ufffdx", "complete")


def test_an_answer_too_long_is_cut(stream):
    received = events(stream(model="stub?size=1100000"))
    assert (received[-1]["event"], received[-1]["error"]) == ("error", "provider_error")
    answer = Message.objects.get(role="assistant")
    assert (len(answer.content), answer.status) == (1_000_000, "interrupted")


def test_silence_is_filled_with_comments(stream, settings):
    settings.STREAM_HEARTBEAT = 0.05
    text = b"".join(stream(model="stub?first=0.3").streaming_content).decode()
    assert text.count(": ping\n\n") >= 2
    assert text.split("\n")[-3].startswith('data: {"event":"done"')


def test_the_message_is_stored_before_the_first_event(stream):
    response = stream(model="stub?hang=headers", on_disconnect="stop")
    assert stored() == [USER]
    response.close()


# What goes wrong

BEFORE_ANY_TEXT = [
    ("status=401", "api_key_refused"),
    ("status=429&retry_after=7", "provider_rate_limited"),
    ("status=400", "provider_error"),
    ("status=500&should_retry=false", "provider_error"),
    ("garbage=html", "provider_error"),
    ("cut=0", "provider_error"),
    ("reply=x&error=overloaded_error", "provider_error"),
]


@pytest.mark.parametrize(("script", "code"), BEFORE_ANY_TEXT)
def test_a_failure_before_any_text(stream, script, code):
    received = events(stream(model=f"stub?{script}"))
    row, (question, answer) = Conversation.objects.get(), Message.objects.order_by("created_at")
    assert received == [
        {
            "event": "start",
            "conversation_id": str(row.pk),
            "question_id": str(question.pk),
            "stream_id": received[0]["stream_id"],
            "url": f"/api/v1/chat/streams/{received[0]['stream_id']}",
        },
        {
            "event": "error",
            "error": code,
            "message": received[-1]["message"],
            "conversation_id": str(row.pk),
            "question_id": str(question.pk),
            "message_id": str(answer.pk),
        },
    ]
    assert received[-1]["message"]
    assert stored() == [USER, ("assistant", "", "error")]
    assert row.message_count == 2


def test_a_timeout(stream, settings):
    settings.PROVIDER_READ_TIMEOUT = 0.2
    assert events(stream(model="stub?hang=first"))[-1]["error"] == "provider_timeout"
    assert stored() == [USER, ("assistant", "", "error")]


IN_THE_MIDDLE = [
    ("cut=2", "hello you ", "provider_error"),
    ("end=early", "hello you there", "provider_error"),
    ("error=overloaded_error", "hello you ", "provider_error"),
    ("error=rate_limit_error", "hello you ", "provider_rate_limited"),
    ("garbage=1", "hello you ", "provider_error"),
    ("hang=mid", "hello you ", "provider_timeout"),
]


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize(("script", "text", "code"), IN_THE_MIDDLE)
def test_a_stream_that_breaks_keeps_what_came(stream, anthropic, settings, provider, script, text, code):
    settings.PROVIDER_READ_TIMEOUT = 0.5
    received = events(stream(provider=provider, model=f"stub?{script}"))
    answer = Message.objects.get(role="assistant")
    assert "".join(chunks(received)) == text
    assert [event["event"] for event in received if event["event"] != "chunk"] == ["start", "error"]
    assert (received[-1]["error"], received[-1]["message_id"]) == (code, str(answer.pk))
    assert stored() == [USER, ("assistant", text, "interrupted")]
    assert Conversation.objects.get().message_count == 2


def test_an_interrupted_answer_has_its_figures(stream):
    events(stream(model="stub?cut=2&delay=0.05"))
    answer = Message.objects.get(role="assistant")
    assert (answer.prompt_tokens, answer.completion_tokens, answer.estimated) == (4, 3, True)
    assert answer.time >= answer.ttft > 0


# A client that goes away and wants no more


def test_what_had_arrived_is_kept(stream, stub):
    response = stream(on_disconnect="stop", model="stub?delay=0.05&chunks=100")
    received = each_event(response)
    while next(received)["event"] != "chunk":
        pass
    response.close()
    role, content, status = stored()[-1]
    assert (role, content.startswith("hello "), status) == ("assistant", True, "interrupted")
    assert Conversation.objects.get().message_count == Message.objects.count() == 2
    assert eventually(lambda: stub.cancelled == 1)


def test_in_the_middle_of_a_silence(stream, stub, settings):
    settings.STREAM_HEARTBEAT = 0.05
    response = stream(on_disconnect="stop", model="stub?hang=mid")
    received = b""
    while not (b"you " in received and received.endswith(b": ping\n\n")):
        received += next(response.streaming_content)
    response.close()
    assert stored()[-1] == ("assistant", "hello you ", "interrupted")
    assert eventually(lambda: stub.cancelled == 1)


def test_before_the_first_byte(stream, stub, settings):
    stream(on_disconnect="stop").close()
    assert stored() == [USER, ("assistant", "", "error")]
    assert stub.requests == []
    assert free_slots() == settings.COMPLETION_SLOTS


def test_while_the_provider_has_not_yet_answered(stream, stub, settings):
    settings.STREAM_HEARTBEAT = 0.05
    response = stream(on_disconnect="stop", model="stub?hang=first")
    while b": ping" not in next(response.streaming_content):
        pass
    response.close()
    assert stored() == [USER, ("assistant", "", "error")]
    assert eventually(lambda: stub.cancelled == 1)


def test_closing_after_the_end_changes_nothing(stream, stub):
    response = stream()
    assert events(response)[-1]["event"] == "done"
    response.close()
    assert stored() == [USER, ("assistant", "hello you there", "complete")]
    assert stub.cancelled == 0


def test_a_conversation_deleted_meanwhile(api, stream):
    response = stream(model="stub?delay=0.05")
    received = each_event(response)
    api.delete(f"/api/v1/conversations/{next(received)['conversation_id']}")
    assert list(received)[-1]["event"] in ("done", "error")
    assert stored() == []


# What is known before the provider is called


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"message": ""}, 400, "invalid"),
        ({"provider": "nobody"}, 400, "invalid"),
        ({"conversation_id": str(UUID(int=1))}, 404, "not_found"),
        ({"provider": "keyless"}, 409, "api_key_missing"),
    ],
)
def test_an_ordinary_error_and_nothing_stored(api, openai, stub, settings, change, status, code):
    type(openai).objects.create(slug="keyless", name="Keyless", kind="openai")
    response = api.post(URL, {**HELLO, **change})
    assert (response.status_code, response.json()["error"]) == (status, code)
    assert response.headers["Content-Type"] == "application/json"
    assert (Conversation.objects.count(), Message.objects.count(), stub.requests) == (0, 0, [])
    assert free_slots() == settings.COMPLETION_SLOTS


@pytest.mark.django_db
def test_a_foreign_conversation(bob, api, openai):
    response = api.post(URL, {**HELLO, "conversation_id": str(conversation(bob).pk)})
    assert (response.status_code, response.json()) == (404, error("not_found", "Not found."))
    assert not Message.objects.exists()


@pytest.mark.django_db
def test_visitors_have_none(visitor, openai):
    assert visitor.post(URL, HELLO).status_code == 401


# Slots


def test_no_free_slot(api, openai, settings):
    taken = [Slot() for _ in range(settings.COMPLETION_SLOTS)]
    try:
        response = api.post(URL, HELLO)
    finally:
        for slot in taken:
            slot.release()
    assert (response.status_code, response.json()["error"]) == (503, "server_busy")
    assert response.headers["Retry-After"] == "1"
    assert not Conversation.objects.exists()


def test_a_running_stream_holds_one(stream, settings):
    response = stream(model="stub?hang=headers", on_disconnect="stop")
    assert free_slots() == settings.COMPLETION_SLOTS - 1
    response.close()
    assert free_slots() == settings.COMPLETION_SLOTS


@pytest.mark.django_db
@pytest.mark.parametrize("script", ["reply=x", "cut=1", "status=401", "end=early"])
def test_it_is_given_back_at_the_end(stream, settings, script):
    events(stream(model=f"stub?{script}"))
    assert free_slots() == settings.COMPLETION_SLOTS


def test_no_connection_is_held_while_streaming(stream, settings):
    response = stream(model="stub?delay=0.1")
    next(each_event(response))
    assert not holds_a_connection()
    assert events(response)[-1]["event"] == "done"
    assert not holds_a_connection()
