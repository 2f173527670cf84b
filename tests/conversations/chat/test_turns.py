"""What is sent of a conversation: roles alternate, and a question that failed is never sent again."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations.chat.turns import alternating, joined
from conversations.models import Message
from models_registry.providers.base import Turn
from tests.helpers import conversation, events

URL = "/api/v1/chat"
TARGET = {"provider": "openai", "model": "stub"}


def told(stub):
    return [(message["role"], message["content"]) for message in stub.requests[-1].body["messages"]]


def ask(api, row, message):
    response = api.post(URL, {**TARGET, "conversation_id": str(row.pk), "message": message})
    assert response.status_code == 200, response.content


@pytest.mark.django_db
@pytest.mark.parametrize("script", ["status=400", "status=401", "status=429", "cut=0", "garbage=html"])
def test_a_question_that_failed_is_not_sent_again(api, openai, stub, script):
    failed = api.post(URL, {**TARGET, "model": f"stub?{script}", "message": "too long"}).json()
    pk = failed["details"]["conversation_id"]
    again = api.post(URL, {**TARGET, "conversation_id": pk, "message": "short"}).json()
    assert told(stub) == [("user", "short")]
    api.post(URL, {**TARGET, "conversation_id": again["conversation_id"], "message": "next"})
    assert told(stub) == [("user", "short"), ("assistant", "short"), ("user", "next")]
    shown = api.get(f"/api/v1/conversations/{pk}").json()["messages"]
    assert [each["content"] for each in shown] == ["too long", "", "short", "short", "next", "next"]


@pytest.mark.django_db
def test_a_streamed_question_that_failed_is_not_sent_again(api, openai, stub):
    received = events(api.post(f"{URL}/stream", {**TARGET, "model": "stub?status=400", "message": "too long"}))
    pk = received[-1]["conversation_id"]
    events(api.post(f"{URL}/stream", {**TARGET, "conversation_id": pk, "message": "short"}))
    assert told(stub) == [("user", "short")]


@pytest.mark.django_db
def test_a_question_whose_answer_was_never_stored_is_not_sent_again(ann, api, openai, stub):
    row = conversation(ann, messages=3)
    ask(api, row, "next")
    assert told(stub) == [("user", "message 0"), ("assistant", "message 1"), ("user", "next")]


@pytest.mark.django_db
def test_an_answer_without_text_is_no_answer(ann, api, openai, stub):
    row = conversation(ann, messages=4)
    Message.objects.filter(content="message 3").update(content="", reasoning="Hm.", status="interrupted")
    ask(api, row, "next")
    assert told(stub) == [("user", "message 0"), ("assistant", "message 1"), ("user", "next")]


@pytest.mark.django_db
def test_an_answer_without_its_question_is_not_sent(ann, api, openai, stub):
    row = conversation(ann, messages=4)
    Message.objects.filter(content="message 2").delete()
    ask(api, row, "next")
    assert told(stub) == [("user", "message 0"), ("assistant", "message 1"), ("user", "next")]


GIVEN = [("user", "one"), ("user", "two"), ("assistant", "three"), ("assistant", "four"), ("user", "five")]


@pytest.mark.django_db
def test_consecutive_turns_of_one_role_are_joined_when_sent(api, openai, stub):
    given_turns = [{"role": role, "content": text} for role, text in GIVEN]
    answer = api.post(URL, {**TARGET, "messages": given_turns}).json()
    sent = [("user", "one\n\ntwo"), ("assistant", "three\n\nfour"), ("user", "five")]
    assert told(stub) == sent
    stored = Message.objects.order_by("created_at").values_list("role", "content")
    assert list(stored) == [*GIVEN, ("assistant", answer["response"])]
    api.post(URL, {**TARGET, "conversation_id": answer["conversation_id"], "message": "six"})
    assert told(stub) == [*sent, ("assistant", answer["response"]), ("user", "six")]


ROLES = st.lists(st.tuples(st.sampled_from(["user", "assistant"]), st.sampled_from([1, 1000])), max_size=12)


@settings(deadline=None)
@given(ROLES)
def test_whatever_is_stored_roles_alternate(steps):
    moment, rows = timezone.now(), []
    for number, (role, step) in enumerate(steps):
        moment += timedelta(microseconds=step)
        rows.append((role, str(number), moment, None))
    roles = [turn.role for turn in alternating([*rows, ("user", "new", moment + timedelta(seconds=1), None)])]
    assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]


@settings(deadline=None)
@given(ROLES)
def test_joining_loses_no_text(steps):
    turns = [Turn(role, str(number)) for number, (role, _) in enumerate(steps)]
    together = joined(turns)
    assert all(one.role != other.role for one, other in pairwise(together))
    assert "\n\n".join(turn.content for turn in together) == "\n\n".join(turn.content for turn in turns)
