"""Requests that go on from a response that is kept here, and responses shown and deleted by their ids."""

import openai as openai_sdk
import pytest

from conversations.models import Conversation, Message
from models_registry.models import UsageEntry
from tests.conversations.gateway.helpers import FUNCTION, PNG, assistant, response_of, scripted, user
from tests.helpers import client_for

pytestmark = pytest.mark.django_db(transaction=True)

ROME = '{"city":"Rome"}'
IMAGE = {"type": "input_image", "detail": "auto", "image_url": f"data:image/png;base64,{PNG}"}


@pytest.fixture(autouse=True)
def providers(openai, anthropic, compatible):
    """Have one provider of each kind."""


def texts(row):
    return list(Message.objects.filter(conversation=row).order_by("created_at", "id").values_list("role", "content"))


def ask(client, text, *, provider="openai", reply="Fine.", previous=None, **more):
    model = scripted(provider, reply=reply)
    return client.responses.create(model=model, input=text, previous_response_id=previous and previous.id, **more)


def last_of(answer):
    return list(answer)[-1].response


@pytest.mark.parametrize("stream", [False, True])
def test_it_goes_on_whoever_answered(client, stub, ann, stream):
    first = ask(client, "One?", instructions="Be kind.")
    asked = {"provider": "anthropic", "reply": "Good.", "previous": first}
    second = last_of(ask(client, "Two?", stream=True, **asked)) if stream else ask(client, "Two?", **asked)
    assert second.previous_response_id == first.id
    sent = stub.requests[-1].body
    assert (sent["system"], sent["messages"]) == ("Be kind.", [user("One?"), assistant("Fine."), user("Two?")])
    third = ask(client, [user("Three?")], previous=second, instructions="Be brief.")
    sent = stub.requests[-1].body
    history = [user("One?"), assistant("Fine."), user("Two?"), assistant("Good."), user("Three?")]
    assert (sent["instructions"], sent["input"]) == ("Be brief.", history)
    assert "previous_response_id" not in sent
    row = Conversation.objects.get(user=ann)
    assert [role for role, _ in texts(row)] == ["user", "assistant"] * 3
    assert (row.system, row.message_count) == ("Be brief.", 6)
    assert {first.id, second.id, third.id} == {f"resp_{pk.hex}" for pk in answers(row)}


def answers(row):
    return Message.objects.filter(conversation=row, role="assistant").values_list("pk", flat=True)


@pytest.mark.parametrize("provider", ["openai", "anthropic", "local"])
def test_a_loop_with_tools(client, stub, ann, provider):
    model = scripted(provider, tool="weather", arguments=ROME, reply="Let me see.")
    first = client.responses.create(model=model, input="How is Rome?", tools=[FUNCTION])
    call = first.output[-1]
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "Sunny."}
    second = client.responses.create(model=model, input=[result], tools=[FUNCTION], previous_response_id=first.id)
    assert second.output_text == "Let me see."
    sent = stub.requests[-1].body
    if provider == "openai":
        assert sent["input"][:2] == [
            user("How is Rome?"),
            assistant([{"type": "output_text", "text": "Let me see."}]),
        ]
        assert [item.get("call_id") for item in sent["input"]] == [None, None, call.call_id, call.call_id]
        assert sent["input"][2] == {
            "type": "function_call",
            "call_id": call.call_id,
            "name": "weather",
            "arguments": ROME,
        }
    else:
        assert [message["role"] for message in sent["messages"]][:2] == ["user", "assistant"]
        assert call.call_id in str(sent["messages"][1])
        assert "Sunny." in str(sent["messages"][2])
    assert Conversation.objects.get(user=ann).message_count == 4


def test_one_goes_on_twice(client, stub, ann):
    first = ask(client, "One?")
    ask(client, "Two?", previous=first)
    ask(client, "Or two?", previous=first)
    assert stub.requests[-1].body["input"] == [user("One?"), assistant("Fine."), user("Or two?")]
    counts = Conversation.objects.filter(user=ann).order_by("created_at").values_list("message_count", flat=True)
    assert list(counts) == [4, 4]


def test_it_goes_on_from_a_chat(client, stub, ann, api):
    said = {"message": "Hello", "provider": "openai", "model": scripted("openai", reply="So?").partition("/")[2]}
    chat = api.post("/api/v1/chat", said).json()
    pk = chat["message"]["id"].replace("-", "")
    client.responses.create(model=scripted("openai"), input="And?", previous_response_id=f"resp_{pk}")
    assert stub.requests[-1].body["input"] == [user("Hello"), assistant("So?"), user("And?")]
    assert Conversation.objects.get(user=ann).message_count == 4


def test_what_is_not_kept_goes_on_too(client, stub, ann):
    first = ask(client, "One?")
    second = ask(client, "Two?", previous=first, store=False)
    assert stub.requests[-1].body["input"] == [user("One?"), assistant("Fine."), user("Two?")]
    assert Conversation.objects.get(user=ann).message_count == 2
    with pytest.raises(openai_sdk.BadRequestError, match="no whole answer"):
        ask(client, "Three?", previous=second)


def test_a_named_conversation_is_where_it_is_kept(client, ann):
    first, other = ask(client, "One?"), ask(client, "Another?")
    row = Message.objects.get(pk=other.id.removeprefix("resp_")).conversation
    ask(client, "Two?", previous=first, extra_headers={"X-Conversation-Id": str(row.pk)})
    assert [text for _, text in texts(row)] == ["Another?", "Fine.", "Two?", "Fine."]


def test_others_are_not_found(client, bob, openai):
    first = ask(client, "One?")
    Conversation.objects.update(user=bob)
    question = Message.objects.get(role="user")
    for name in (
        first.id,
        "resp_68a1",
        f"resp_{'0' * 32}",
        question.pk.hex,
        f"resp_{question.pk.hex}",
        "resp_" + "ä" * 32,
    ):
        with pytest.raises(openai_sdk.BadRequestError) as caught:
            client.responses.create(model="openai/stub", input="Two?", previous_response_id=name)
        assert (caught.value.param, caught.value.code) == ("previous_response_id", "previous_response_not_found")
        for call in (client.responses.retrieve, client.responses.delete):
            with pytest.raises(openai_sdk.NotFoundError):
                call(name)
    assert Message.objects.count() == 2


def test_an_answer_that_broke_off_is_not_gone_on_from(client):
    with pytest.raises(openai_sdk.InternalServerError):
        client.responses.create(model=scripted("openai", cut=1, reply="a b c"), input="One?")
    kept = Message.objects.get(role="assistant")
    with pytest.raises(openai_sdk.BadRequestError, match="no whole answer"):
        client.responses.create(model="openai/stub", input="Two?", previous_response_id=f"resp_{kept.pk.hex}")
    shown = client.responses.retrieve(f"resp_{kept.pk.hex}")
    assert (shown.status, shown.error.code) == ("failed", "server_error")


def test_kept_images_are_sent_again(client, stub):
    first = ask(client, [user([{"type": "input_text", "text": "What is it?"}, IMAGE])])
    ask(client, "And?", previous=first)
    before, again = stub.requests[-2].body["input"][0], stub.requests[-1].body["input"][0]
    assert again["content"] == before["content"]


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_it_is_shown(client, provider):
    model = scripted(provider, reply="Let me see.", think="Hm.", tool="weather", arguments=ROME)
    made = client.responses.create(model=model, input="How is Rome?", tools=[FUNCTION])
    raw = client.responses.with_raw_response.retrieve(made.id)
    shown = response_of(raw.http_response.json())
    assert (shown.id, shown.status, shown.model) == (made.id, "completed", model)
    assert (shown.output_text, shown.output[0].summary[0].text) == ("Let me see.", "Hm.")
    called, first = shown.output[-1], made.output[-1]
    assert (called.name, called.arguments, called.call_id) == ("weather", ROME, first.call_id)
    assert (shown.usage.input_tokens, shown.usage.output_tokens) == (made.usage.input_tokens, made.usage.output_tokens)
    assert raw.headers["x-conversation-id"] == str(Conversation.objects.get().pk)


def test_it_is_deleted(client, ann):
    first = ask(client, "One?")
    second = ask(client, "Two?", previous=first)
    client.responses.delete(first.id)
    row = Conversation.objects.get(user=ann)
    assert (row.message_count, [text for _, text in texts(row)]) == (2, ["Two?", "Fine."])
    with pytest.raises(openai_sdk.NotFoundError):
        client.responses.retrieve(first.id)
    client.responses.delete(second.id)
    assert not Conversation.objects.exists()
    assert UsageEntry.objects.filter(user=ann).count() == 2
    with pytest.raises(openai_sdk.NotFoundError):
        client.responses.delete(second.id)


@pytest.mark.parametrize("others", [1, 100])
def test_few_queries(client, ann, django_assert_max_num_queries, others):
    first = ask(client, "One?")
    row = Conversation.objects.get(user=ann)
    Message.objects.bulk_create(
        Message(conversation=row, role="user", content="?", created_at=row.created_at) for _ in range(others)
    )
    api = client_for(ann)
    asked = {"model": "openai/stub", "input": "Two?", "previous_response_id": first.id}
    api.post("/v1/responses", {**asked, "store": False})  # so that no model is looked up for the first time
    with django_assert_max_num_queries(12):  # two of them look for what came before
        assert api.post("/v1/responses", asked).status_code == 200
    with django_assert_max_num_queries(2):
        assert api.get(f"/v1/responses/{first.id}").status_code == 200
