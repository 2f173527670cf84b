"""What is asked of the gateway is kept as conversations, and a history that is sent back continues one."""

import threading
from uuid import uuid4

import openai as openai_sdk
import pytest

from conversations.models import Conversation, Message
from tests.conversations.gateway.helpers import TOOL, assistant, chunks, scripted, user
from tests.helpers import conversation, eventually

pytestmark = pytest.mark.django_db(transaction=True)

MODEL = scripted("openai", reply="Fine.")
EACH = pytest.mark.parametrize("provider", ["openai", "anthropic"])


def texts(row):
    return list(Message.objects.filter(conversation=row).order_by("created_at", "id").values_list("role", "content"))


def ask(client, messages, *, model=MODEL, conversation=None, **more):
    headers = {} if conversation is None else {"X-Conversation-Id": str(conversation)}
    raw = client.chat.completions.with_raw_response.create(
        model=model, messages=messages, extra_headers=headers, **more
    )
    if more.get("stream"):
        chunks(raw.parse())
    return raw.headers.get("x-conversation-id")


@EACH
@pytest.mark.parametrize("stream", [False, True])
def test_a_history_continues_its_conversation(client, openai, anthropic, ann, provider, stream):
    model = scripted(provider, reply="Fine, thanks.", think="Hm.")
    history = [{"role": "system", "content": "Be kind."}, user("How are you?")]
    first = ask(client, history, model=model, stream=stream)
    history += [assistant("Fine, thanks."), user("And now?")]
    assert ask(client, history, model=model, stream=stream) == first
    history += [assistant("Fine, thanks. "), user("And then?")]
    assert ask(client, history, model=model, stream=stream) == first
    row = Conversation.objects.get(user=ann)
    assert texts(row) == [
        ("user", "How are you?"),
        ("assistant", "Fine, thanks."),
        ("user", "And now?"),
        ("assistant", "Fine, thanks."),
        ("user", "And then?"),
        ("assistant", "Fine, thanks."),
    ]
    assert (row.message_count, row.system, row.title, row.preview) == (6, "Be kind.", "How are you?", "And then?")


def test_another_history_is_another_conversation(client, openai, ann):
    ask(client, [user("Hello")])
    ask(client, [user("Hello")])
    ask(client, [user("Hello"), assistant("Good day."), user("And?")])
    counts = Conversation.objects.filter(user=ann).order_by("created_at").values_list("message_count", flat=True)
    assert list(counts) == [2, 2, 4]


def test_a_history_that_branches_off(client, openai, ann):
    history = [user("Hello"), assistant("Fine."), user("One?")]
    first = ask(client, [user("Hello")])
    assert ask(client, history) == first
    assert ask(client, [user("Hello"), assistant("Fine."), user("Two?")]) != first


def test_a_failed_question_is_asked_again_where_it_stands(client, openai, ann):
    model = scripted("openai", reply="Fine.", status=429, fail=1, id="again")
    with pytest.raises(openai_sdk.RateLimitError):
        ask(client, [user("Hello")], model=model)
    ask(client, [user("Hello")], model=model)
    row = Conversation.objects.get(user=ann)
    assert texts(row) == [("user", "Hello"), ("assistant", ""), ("assistant", "Fine.")]


def test_somebody_elses_history_is_not_found(client, openai, ann, bob):
    first = ask(client, [user("Hello")])
    Conversation.objects.update(user=bob)
    assert ask(client, [user("Hello"), assistant("Fine."), user("And?")]) != first
    with pytest.raises(openai_sdk.NotFoundError):
        ask(client, [user("Hello")], conversation=first)


def test_a_named_conversation(client, openai, ann):
    row = conversation(ann, messages=2)
    assert ask(client, [user("Hello")], conversation=row.pk) == str(row.pk)
    assert texts(row)[2:] == [("user", "Hello"), ("assistant", "Fine.")]
    with pytest.raises(openai_sdk.NotFoundError):
        ask(client, [user("Hello")], conversation=uuid4())
    with pytest.raises(openai_sdk.BadRequestError) as caught:
        ask(client, [user("Hello")], conversation="mine")
    assert caught.value.param == "X-Conversation-Id"


def test_a_chat_in_between_ends_the_match(client, openai, ann, api):
    first = ask(client, [user("Hello")])
    said = {"conversation_id": first, "message": "Hm?", "provider": "openai", "model": "stub?reply=So"}
    assert api.post("/api/v1/chat", said).status_code == 200
    assert ask(client, [user("Hello"), assistant("Fine."), user("And?")]) != first


def test_store_false_keeps_nothing(client, openai, anthropic, stub, ann):
    for provider in ("openai", "anthropic"):
        assert ask(client, [user("Hello")], model=scripted(provider, reply="Fine."), store=False) is None
        assert ask(client, [user("Hello")], model=scripted(provider), store=False, stream=True) is None
    assert not Conversation.objects.exists()
    assert stub.requests[0].body["store"] is False
    assert "store" not in stub.requests[-1].body


def test_figures_are_kept(client, openai, ann):
    ask(client, [user("Hello you")], model="openai/stub", stream=True)
    answer = Message.objects.get(role="assistant")
    assert (answer.prompt_tokens, answer.completion_tokens, answer.estimated) == (2, 2, False)
    assert answer.cost == (2 * 25 + 2 * 100) / 10_000_000 or str(answer.cost) == "0.000025000000"
    assert answer.ttft is not None
    assert (answer.provider, answer.model, answer.finish_reason) == ("openai", "stub", "stop")


def test_text_that_cannot_be_stored_is_cleaned(client, openai, ann):
    messages = [{"role": "system", "content": "A\0b"}, user("C\0d")]
    ask(client, messages, tools=[TOOL])
    row = Conversation.objects.get(user=ann)
    assert (row.system, row.title, texts(row)[0]) == ("Ab", "Cd", ("user", "Cd"))


@pytest.mark.parametrize("others", [1, 100])
def test_few_queries(api, openai, ann, django_assert_max_num_queries, others):
    Conversation.objects.bulk_create(Conversation(user=ann, digest=f"{number}") for number in range(others))
    asked = {"model": MODEL, "messages": [user("Hello")]}
    first = api.post("/v1/chat/completions", asked).headers["X-Conversation-Id"]
    asked["messages"] += [assistant("Fine."), user("And?")]
    with django_assert_max_num_queries(11):  # one of them looks for the conversation, four begin and end transactions
        assert api.post("/v1/chat/completions", asked).headers["X-Conversation-Id"] == first


def test_a_client_that_leaves(client, openai, ann, stub):
    model = scripted("openai", chunks=50, delay=0.05)
    stream = client.chat.completions.create(model=model, messages=[user("Hello")], stream=True)
    next(iter(stream)), next(iter(stream))
    stream.close()
    assert eventually(lambda: Message.objects.filter(role="assistant", status="interrupted").exists(), 5)
    assert eventually(lambda: stub.cancelled == 1)


def test_at_the_same_time(client, openai, ann):
    """Two requests that continue the same conversation: one does, the other begins its own, and none is lost."""
    first = ask(client, [user("Hello")])
    history = [user("Hello"), assistant("Fine."), user("And?")]
    found = []
    slow = scripted("openai", reply="Fine.", first=0.3)
    threads = [threading.Thread(target=lambda: found.append(ask(client, history, model=slow))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 2
    assert first in found
