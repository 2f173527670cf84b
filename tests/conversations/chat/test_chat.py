"""POST /chat."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from uuid import UUID

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from conversations.completions.concurrency import ServerBusy, Slot
from conversations.models import Conversation, Message
from models_registry.models import APIKey, LLMModel
from tests.helpers import (
    checked_out,
    client_for,
    closing_connection,
    conversation,
    error,
    eventually,
    free_slots,
    priced,
)

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/chat"
HELLO = {"provider": "openai", "model": "stub", "message": "hello you there"}


def chat(api, **change):
    """Chat and return the answer's body."""
    response = api.post(URL, {**HELLO, **change})
    assert response.status_code == 200, response.content
    return response.json()


def stored(*names):
    return list(Message.objects.order_by("created_at", "id").values_list(*names))


def told(stub):
    """Return what the provider was last sent, as (role, content)."""
    return [(message["role"], message["content"]) for message in stub.requests[-1].body["messages"]]


def nothing_stored():
    return not (Conversation.objects.exists() or Message.objects.exists())


# A new conversation


def test_it_answers_and_keeps_both_messages(ann, api, openai):
    answer = chat(api)
    user, assistant = Message.objects.order_by("created_at")
    assert answer == {
        "conversation_id": str(Conversation.objects.get(user=ann).pk),
        "question_id": str(user.pk),
        "response": "hello you there",
        "message": {
            "id": str(assistant.pk),
            "role": "assistant",
            "content": "hello you there",
            "parts": None,
            "provider": "openai",
            "model": "stub",
            "status": "complete",
            "reasoning": None,
            "finish_reason": "stop",
            "error": None,
            **priced(3, 3, "0.0000375", "registry"),
            "time": assistant.time,
            "ttft": assistant.ttft,
            "created_at": assistant.created_at.isoformat().replace("+00:00", "Z"),
        },
        "context": {"dropped_messages": 0},
    }
    assert (user.role, user.content, user.status, user.cost, user.time) == (
        "user",
        HELLO["message"],
        "complete",
        None,
        None,
    )
    assert assistant.cost == Decimal("0.0000375")
    assert assistant.time >= assistant.ttft > 0


@pytest.mark.django_db
def test_the_conversation_sums_it_up(ann, api, openai):
    chat(api, message="x" * 101 + " end")
    row = Conversation.objects.get()
    newest = Message.objects.latest("created_at")
    assert (row.provider, row.model, row.message_count) == ("openai", "stub", 2)
    assert (row.preview, row.title, row.last_message_at) == ("x" * 100, "x" * 80, newest.created_at)


def test_the_answer_is_what_the_list_shows(api, openai):
    answer = chat(api)
    detail = api.get(f"/api/v1/conversations/{answer['conversation_id']}").json()
    assert detail["messages"][1] == answer["message"]
    assert detail["message_count"] == len(detail["messages"]) == 2


def test_ids_and_times_are_in_order(api, openai):
    chat(api, conversation_id=chat(api)["conversation_id"])
    rows = stored("id", "created_at")
    assert rows == sorted(rows)
    assert len({moment for _, moment in rows}) == 4


@pytest.mark.django_db
def test_anthropic_speaks_its_own_format(api, anthropic, stub):
    answer = chat(api, provider="anthropic", system="Be brief.", temperature=0.5)
    assert (answer["response"], answer["message"]["cost"]) == ("hello you there", None)
    assert stub.requests[-1].body == {
        "model": "stub",
        "max_tokens": 8192,
        "messages": [{"role": "user", "content": "hello you there"}],
        "system": "Be brief.",
        "temperature": 0.5,
        "stream": True,
    }


@pytest.mark.django_db
def test_what_was_asked_for_is_sent(api, openai, stub):
    chat(api, temperature=0, max_tokens=7)
    assert stub.requests[-1].body == {
        "model": "stub",
        "messages": [{"role": "user", "content": "hello you there"}],
        "temperature": 0,
        "max_completion_tokens": 7,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert stub.requests[-1].headers["authorization"] == "Bearer sk-test"


@pytest.mark.django_db
def test_null_is_as_good_as_left_out(api, openai, stub):
    chat(api, temperature=None, max_tokens=None, system=None, conversation_id=None)
    assert set(stub.requests[-1].body) == {"model", "messages", "stream", "stream_options"}


@pytest.mark.django_db
def test_the_echo_needs_no_key(api, echo):
    answer = chat(api, provider="echo", model="echo-fast")
    assert (answer["response"], answer["message"]["cost"], answer["message"]["estimated"]) == (
        HELLO["message"],
        None,
        False,
    )


@pytest.mark.django_db
def test_a_model_that_is_not_in_the_registry(api, openai):
    assert chat(api, model="stub?reply=new")["message"]["cost"] is None


@pytest.mark.django_db
def test_usage_that_is_not_reported_is_estimated(api, openai):
    LLMModel.objects.create(provider=openai, model_id="stub?usage=0", name="x", input_price=1, output_price=1)
    message = chat(api, model="stub?usage=0")["message"]
    assert (message["prompt_tokens"], message["completion_tokens"], message["estimated"]) == (4, 4, True)
    assert message["cost"] == "0.000008"


@pytest.mark.django_db
def test_an_empty_answer_is_an_error(api, openai):
    response = api.post(URL, {**HELLO, "model": "stub?content=null"})
    assert (response.status_code, response.json()["error"]) == (502, "provider_error")
    assert response.json()["message"] == "The model answered nothing."
    assert stored("role", "status", "finish_reason") == [("user", "complete", None), ("assistant", "error", "stop")]


def test_what_the_database_could_not_store_is_made_storable(api, openai):
    assert chat(api, model="stub?nul=1&surrogate=1")["response"] == "hello you there😀\ufffdx"


def test_an_answer_too_long_is_cut(api, openai):
    message = chat(api, model="stub?size=1000001")["message"]
    assert (len(message["content"]), message["status"]) == (1_000_000, "interrupted")


# Continuing


def test_the_whole_history_is_sent(api, openai, stub):
    first = chat(api, message="one", system="Be brief.")
    chat(api, conversation_id=first["conversation_id"], message="two")
    assert told(stub) == [("system", "Be brief."), ("user", "one"), ("assistant", "one"), ("user", "two")]
    assert stored("content") == [("one",), ("one",), ("two",), ("two",)]
    row = Conversation.objects.get()
    assert (row.message_count, row.preview, row.title) == (4, "two", "one")


@pytest.mark.django_db
def test_provider_and_model_may_be_left_out(api, openai, stub):
    first = chat(api, model="stub?reply=hi")
    response = api.post(URL, {"conversation_id": first["conversation_id"], "message": "again"})
    assert response.json()["response"] == "hi"
    assert stub.requests[-1].body["model"] == "stub?reply=hi"


def test_others_continue_and_become_its_own(api, openai, anthropic, stub):
    first = chat(api, message="one")
    answer = chat(api, conversation_id=first["conversation_id"], provider="anthropic", message="two")
    assert told(stub) == [("user", "one"), ("assistant", "one"), ("user", "two")]
    row = Conversation.objects.get()
    assert (row.provider, row.model, answer["message"]["provider"]) == ("anthropic", "stub", "anthropic")
    assert stored("provider") == [("openai",), ("openai",), ("anthropic",), ("anthropic",)]


@pytest.mark.django_db
def test_one_begun_without_a_message(ann, api, openai, stub):
    row = api.post("/api/v1/conversations", {"provider": "openai", "model": "stub"}).json()
    answer = api.post(URL, {"conversation_id": row["id"], "message": "hello"}).json()
    assert (answer["conversation_id"], answer["response"]) == (row["id"], "hello")
    assert Conversation.objects.get().title == "hello"


@pytest.mark.django_db
def test_a_title_that_was_given_stays(ann, api, openai):
    row = conversation(ann, title="Sea")
    chat(api, conversation_id=str(row.pk))
    row.refresh_from_db()
    assert row.title == "Sea"


@pytest.mark.django_db
def test_interrupted_answers_are_history_and_errors_are_not(ann, api, openai, stub):
    row = conversation(ann, messages=4)
    for number, status in ((1, "interrupted"), (3, "error")):
        Message.objects.filter(content=f"message {number}").update(status=status)
    chat(api, conversation_id=str(row.pk), message="next")
    assert told(stub) == [
        ("user", "message 0"),
        ("assistant", "message 1"),
        ("user", "next"),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("ids", ["unknown", "foreign"])
def test_a_conversation_that_is_not_there(bob, api, openai, ids):
    row = conversation(bob, messages=1)
    response = api.post(URL, {**HELLO, "conversation_id": str(row.pk if ids == "foreign" else UUID(int=1))})
    assert (response.status_code, response.json()) == (404, error("not_found", "Not found."))
    assert (Conversation.objects.count(), Message.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_a_foreign_one_without_a_model(bob, api, openai):
    response = api.post(URL, {"message": "hello", "conversation_id": str(conversation(bob).pk)})
    assert response.status_code == 404


# The system prompt


def test_system_is_kept_and_not_counted(api, openai, stub):
    first = chat(api, system="Be brief.")
    chat(api, conversation_id=first["conversation_id"])
    assert told(stub)[0] == ("system", "Be brief.")
    row = Conversation.objects.get()
    assert (row.system, row.message_count, Message.objects.count()) == ("Be brief.", 4, 4)


@pytest.mark.django_db
def test_another_system_replaces_it(api, openai, stub):
    first = chat(api, system="Be brief.")
    chat(api, conversation_id=first["conversation_id"], system="Be long.")
    assert [content for role, content in told(stub) if role == "system"] == ["Be long."]
    assert Conversation.objects.get().system == "Be long."


@pytest.mark.django_db
def test_an_empty_system_removes_it(api, openai, stub):
    first = chat(api, system="Be brief.")
    chat(api, conversation_id=first["conversation_id"], system="")
    assert told(stub)[0][0] == "user"


# Several messages


def test_messages_are_all_stored_and_sent(api, openai, stub):
    turns = [("user", "one"), ("assistant", "two"), ("user", "three")]
    body = {"provider": "openai", "model": "stub"}
    response = api.post(URL, {**body, "messages": [{"role": role, "content": text} for role, text in turns]})
    assert response.json()["response"] == "three"
    assert told(stub) == turns
    assert stored("role", "content") == [*turns, ("assistant", "three")]
    row = Conversation.objects.get()
    assert (row.message_count, row.preview, row.title) == (4, "three", "one")


@pytest.mark.django_db
def test_messages_of_role_system_are_the_system_prompt(api, openai, stub):
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "one"}]
    response = api.post(URL, {"provider": "openai", "model": "stub", "messages": turns})
    assert response.status_code == 200
    assert told(stub) == [("system", "Be brief."), ("user", "one")]
    row = Conversation.objects.get()
    assert (row.system, row.message_count, Message.objects.count()) == ("Be brief.", 2, 2)


@pytest.mark.django_db
def test_two_hundred_messages(api, openai):
    turns = [{"role": "user", "content": "x"}] * 200
    response = api.post(URL, {"provider": "openai", "model": "stub", "messages": turns})
    assert (response.status_code, Conversation.objects.get().message_count) == (200, 201)


@pytest.mark.django_db
def test_a_hundred_thousand_characters(api, openai):
    assert len(chat(api, message="x" * 100_000)["response"]) == 100_000


# What goes wrong

PROVIDER_ERRORS = [
    ("status=401", 409, "api_key_refused", {"status": 401}),
    ("status=403", 409, "api_key_refused", {"status": 403}),
    ("status=429&retry_after=7", 429, "provider_rate_limited", {"status": 429}),
    ("status=400", 502, "provider_error", {"status": 400}),
    ("status=404", 502, "provider_error", {"status": 404}),
    ("status=500&should_retry=false", 502, "provider_error", {"status": 500}),
    ("garbage=html", 502, "provider_error", {}),
    ("error=overloaded_error&reply=x", 502, "provider_error", {"status": 529}),
]
BROKEN_OFF = [
    ("garbage=1", "hello you ", {}),
    ("garbage=shape", "hello you ", {}),
    ("cut=1", "hello ", {}),
    ("error=overloaded_error", "hello you ", {"status": 529}),
]


@pytest.mark.django_db
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize(("script", "status", "code", "details"), PROVIDER_ERRORS)
def test_a_failing_provider_leaves_the_message_and_an_error(
    ann, api, openai, anthropic, provider, script, status, code, details
):
    response = api.post(URL, {**HELLO, "provider": provider, "model": f"stub?{script}"})
    row = Conversation.objects.get(user=ann)
    user, answer = Message.objects.order_by("created_at")
    assert (response.status_code, response.json()["error"]) == (status, code), response.content
    places = {"conversation_id": str(row.pk), "question_id": str(user.pk), "message_id": str(answer.pk)}
    assert response.json()["details"] == {**details, **places}
    assert response.headers.get("Retry-After") == ("7" if code == "provider_rate_limited" else None)
    assert (user.role, user.content, user.status) == ("user", HELLO["message"], "complete")
    assert (answer.role, answer.content, answer.status, answer.model) == ("assistant", "", "error", f"stub?{script}")
    assert (row.message_count, row.last_message_at) == (2, answer.created_at)


@pytest.mark.django_db
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize(("script", "text", "details"), BROKEN_OFF)
def test_what_a_provider_said_before_it_failed_is_kept(api, openai, anthropic, provider, script, text, details):
    response = api.post(URL, {**HELLO, "provider": provider, "model": f"stub?{script}"})
    question, answer = Message.objects.order_by("created_at")
    assert (response.status_code, response.json()["error"]) == (502, "provider_error")
    assert response.json()["details"] == {
        **details,
        "conversation_id": str(answer.conversation_id),
        "question_id": str(question.pk),
        "message_id": str(answer.pk),
    }
    assert (answer.content, answer.status, answer.finish_reason) == (text, "interrupted", "error")


def test_a_timeout(api, openai, settings):
    settings.PROVIDER_READ_TIMEOUT = 0.2
    response = api.post(URL, {**HELLO, "model": "stub?hang=first"})
    assert (response.status_code, response.json()["error"]) == (504, "provider_timeout")
    assert response.json()["message"] == "The provider did not answer in time."
    assert stored("role", "status") == [("user", "complete"), ("assistant", "error")]


@pytest.mark.django_db
def test_the_providers_own_words_are_passed_on(api, openai):
    response = api.post(URL, {**HELLO, "model": "stub?status=400&message=Your+history+is+too+long."})
    assert response.json()["message"] == "Your history is too long."


@pytest.mark.django_db
def test_the_key_is_never_passed_on(api, openai, settings):
    settings.SYSTEM_API_KEYS = {"openai": "bad-key"}
    response = api.post(URL, HELLO)
    assert (response.status_code, response.json()["error"]) == (409, "api_key_refused")
    assert "bad-key" not in response.content.decode()


def test_the_conversation_goes_on_after_an_error(api, openai, stub):
    failed = api.post(URL, {**HELLO, "model": "stub?status=400"}).json()
    chat(api, conversation_id=failed["details"]["conversation_id"], message="again")
    assert told(stub) == [("user", "again")]
    assert Conversation.objects.get().message_count == Message.objects.count() == 4


def test_a_missing_key_is_known_before_anything_is_stored(api, openai, settings, stub):
    settings.SYSTEM_API_KEYS = {}
    response = api.post(URL, HELLO)
    message = "There is no API key for openai: store one with PUT /api/v1/keys/openai."
    assert (response.status_code, response.json()) == (409, error("api_key_missing", message))
    assert nothing_stored()
    assert stub.requests == []


def test_an_unreadable_key_too(ann, api, openai):
    APIKey.objects.create(user=ann, provider=openai, key_encrypted="junk", masked="****", override_system_key=True)
    response = api.post(URL, HELLO)
    assert (response.status_code, response.json()["error"]) == (409, "api_key_unreadable")
    assert nothing_stored()


@pytest.mark.django_db
def test_visitors_have_no_chat(visitor, openai):
    assert visitor.post(URL, HELLO).status_code == 401
    assert nothing_stored()


@pytest.mark.django_db
def test_a_rate_limit_is_known_before_anything_is_stored(bob, openai, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "completion": "1/minute"}
    api = client_for(bob)
    chat(api)
    response = api.post(URL, HELLO)
    assert (response.status_code, response.json()["error"]) == (429, "throttled")
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert Message.objects.count() == 2


# Slots


def test_no_free_slot(api, openai, settings):
    taken = [Slot() for _ in range(settings.COMPLETION_SLOTS)]
    try:
        response = api.post(URL, HELLO)
    finally:
        for slot in taken:
            slot.release()
    message = "The server runs as many chats as it can; try again in a moment."
    assert (response.status_code, response.json()) == (503, error("server_busy", message))
    assert response.headers["Retry-After"] == "1"
    assert nothing_stored()
    assert chat(api)


@pytest.mark.django_db
def test_lists_need_no_slot(api, settings):
    taken = [Slot() for _ in range(settings.COMPLETION_SLOTS)]
    try:
        with pytest.raises(ServerBusy):
            Slot()
        assert api.get("/api/v1/conversations").status_code == 200
    finally:
        for slot in taken:
            slot.release()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change", [{}, {"model": "stub?status=400"}, {"message": ""}, {"conversation_id": str(UUID(int=1))}]
)
def test_the_slot_is_given_back(api, openai, settings, change):
    api.post(URL, {**HELLO, **change})
    assert free_slots() == settings.COMPLETION_SLOTS


def test_the_message_is_committed_and_no_connection_held_while_the_provider_answers(api, openai):
    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(closing_connection, lambda: chat(api, model="stub?first=0.6"))
        assert eventually(lambda: Message.objects.exists())
        assert stored("role", "content") == [("user", "hello you there")]
        assert eventually(lambda: checked_out() in (None, 1))  # the one that asks
        assert not asked.done()
        assert asked.result()["response"] == "hello you there"


def test_deleting_the_conversation_meanwhile(api, openai):
    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(closing_connection, lambda: api.post(URL, {**HELLO, "model": "stub?first=0.4"}))
        assert eventually(lambda: Message.objects.exists())
        api.delete(f"/api/v1/conversations/{Conversation.objects.get().pk}")
        assert asked.result().status_code < 500
    assert nothing_stored()


def test_six_at_once_in_one_conversation_lose_nothing(ann, api, openai):
    row = conversation(ann)
    send = partial(chat, api, conversation_id=str(row.pk), model="stub?first=0.1")
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda _: closing_connection(send), range(6)))
    row.refresh_from_db()
    moments = stored("created_at")
    assert row.message_count == len(moments) == len(set(moments)) == 12


def test_a_last_message_from_the_future_is_followed_all_the_same(ann, api, openai):
    row = conversation(ann, messages=1, last_message_at=timezone.now() + timedelta(hours=1))
    chat(api, conversation_id=str(row.pk))
    moments = stored("created_at")
    row.refresh_from_db()
    assert (len(moments), row.message_count, row.last_message_at) == (3, 3, moments[-1][0])
    assert moments[2] > moments[1] > moments[0]


@pytest.mark.parametrize("another", [True, False], ids=["another question", "a clock that is ahead"])
def test_the_conversation_goes_on_while_the_provider_answers(ann, api, openai, another):
    row = conversation(ann)
    with ThreadPoolExecutor(1) as thread:
        slow = partial(chat, api, conversation_id=str(row.pk), model="stub?first=0.5", message="slow")
        asked = thread.submit(closing_connection, slow)
        assert eventually(lambda: Message.objects.exists())
        later = timezone.now() + timedelta(minutes=1)  # by the clock of another machine
        if another:
            Message.objects.create(conversation=row, role="user", content="quick", created_at=later)
        Conversation.objects.filter(pk=row.pk).update(message_count=2, last_message_at=later, title="renamed")
        asked.result()
    row.refresh_from_db()
    answer = Message.objects.get(role="assistant")
    assert (row.message_count, row.title, row.preview) == (3, "renamed", "slow")
    if another:  # it stands before the other question
        assert row.updated_at < answer.created_at < later == row.last_message_at
    else:
        assert row.updated_at < later < answer.created_at == row.last_message_at


def test_giving_the_conversation_away_meanwhile(ann, bob, api, bob_api, openai):
    row = conversation(ann)
    with ThreadPoolExecutor(1) as thread:
        slow = partial(chat, api, conversation_id=str(row.pk), model="stub?first=0.5")
        asked = thread.submit(closing_connection, slow)
        assert eventually(lambda: Message.objects.exists())
        later = timezone.now() + timedelta(minutes=1)
        Conversation.objects.filter(pk=row.pk).update(user=bob, updated_at=later)
        assert [each["message_count"] for each in bob_api.get("/api/v1/conversations").json()["results"]] == [1]
        asked.result()
    assert [each["message_count"] for each in bob_api.get("/api/v1/conversations").json()["results"]] == [2]
    row.refresh_from_db()
    assert row.updated_at == later  # never backwards


@pytest.mark.django_db
def test_times_are_utc(api, openai):
    moment = parse_datetime(chat(api)["message"]["created_at"])
    assert isinstance(moment, datetime)
    assert moment.utcoffset().total_seconds() == 0
