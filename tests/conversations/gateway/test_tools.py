"""Tools: what a model asks for, what they answer, whole and streamed, in one protocol and across."""

import json

import pytest

from conversations.models import Conversation, Message
from tests.conversations.gateway.helpers import TOOL, WEATHER, assistant, chunks, scripted, user

pytestmark = pytest.mark.django_db(transaction=True)

EACH = pytest.mark.parametrize("provider", ["openai", "anthropic"])
ROME = '{"city":"Rome"}'


def script(provider, **more):
    return scripted(provider, tool="weather", arguments=ROME, **more)


@EACH
@pytest.mark.parametrize("stream", [False, True])
def test_a_loop(client, openai, anthropic, stub, ann, provider, stream):
    model, messages = script(provider), [user("How is Rome?")]
    if stream:
        read = chunks(client.chat.completions.create(model=model, messages=messages, tools=[TOOL], stream=True))
        deltas = [call for chunk in read for choice in chunk.choices for call in choice.delta.tool_calls or ()]
        assert (deltas[0].function.name, deltas[0].type, {delta.index for delta in deltas}) == (
            "weather",
            "function",
            {0},
        )
        call_id, arguments = deltas[0].id, "".join(delta.function.arguments or "" for delta in deltas)
        reason = [choice.finish_reason for chunk in read for choice in chunk.choices][-1]
    else:
        [choice] = client.chat.completions.create(model=model, messages=messages, tools=[TOOL]).choices
        [call] = choice.message.tool_calls
        call_id, arguments, reason = call.id, call.function.arguments, choice.finish_reason
        assert call.function.name == "weather"
    assert (json.loads(arguments), reason) == ({"city": "Rome"}, "tool_calls")

    call = {"id": call_id, "type": "function", "function": {"name": "weather", "arguments": arguments}}
    messages += [
        assistant(None, tool_calls=[call]),
        {"role": "tool", "tool_call_id": call_id, "content": "Sunny."},
    ]
    answer = client.chat.completions.create(model=model, messages=messages, tools=[TOOL])
    assert answer.choices[0].message.content == "Sunny."

    conversation = Conversation.objects.get(user=ann)
    kept = list(Message.objects.filter(conversation=conversation).order_by("created_at", "id"))
    assert [(row.role, row.content) for row in kept] == [
        ("user", "How is Rome?"),
        ("assistant", ""),
        ("user", ""),
        ("assistant", "Sunny."),
    ]
    [called] = kept[1].parts
    assert {**called, "arguments": json.loads(called["arguments"])} == {
        "type": "tool_call",
        "id": call_id,
        "name": "weather",
        "arguments": {"city": "Rome"},
    }
    assert kept[2].parts == [{"type": "tool_result", "id": call_id, "content": "Sunny.", "is_error": False}]
    assert (kept[1].finish_reason, kept[1].status) == ("tool_calls", "complete")


def test_as_anthropic_is_told(client, anthropic, stub):
    call = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": ROME}}
    client.chat.completions.create(
        model=scripted("anthropic", reply="Fine."),
        messages=[
            user("How are Rome and Oslo?"),
            assistant("Let me see.", tool_calls=[call, {**call, "id": "call_2"}]),
            {"role": "tool", "tool_call_id": "call_1", "content": "Sunny."},
            {"role": "tool", "tool_call_id": "call_2", "content": [{"type": "text", "text": "Snow."}]},
            user("And?"),
        ],
        tools=[{**TOOL, "function": {**TOOL["function"], "strict": True}}],
        tool_choice={"type": "function", "function": {"name": "weather"}},
        parallel_tool_calls=False,
    )
    sent = stub.requests[-1].body
    use = {"type": "tool_use", "name": "weather", "input": {"city": "Rome"}}
    assert sent["messages"] == [
        user("How are Rome and Oslo?"),
        assistant([{"type": "text", "text": "Let me see."}, {**use, "id": "call_1"}, {**use, "id": "call_2"}]),
        user(
            [
                {"type": "tool_result", "tool_use_id": "call_1", "content": "Sunny."},
                {"type": "tool_result", "tool_use_id": "call_2", "content": "Snow."},
                {"type": "text", "text": "And?"},
            ]
        ),
    ]
    assert sent["tools"] == [{"name": "weather", "description": "Tells it.", "input_schema": WEATHER, "strict": True}]
    assert sent["tool_choice"] == {"type": "tool", "name": "weather", "disable_parallel_tool_use": True}


@pytest.mark.parametrize(
    ("choice", "told"), [("auto", {"type": "auto"}), ("required", {"type": "any"}), ("none", {"type": "none"})]
)
def test_choices(client, anthropic, stub, choice, told):
    client.chat.completions.create(
        model=scripted("anthropic", reply="Fine."), messages=[user("Hi")], tools=[TOOL], tool_choice=choice
    )
    assert stub.requests[-1].body["tool_choice"] == told


@EACH
def test_text_before_a_call(client, openai, anthropic, ann, provider):
    [choice] = client.chat.completions.create(
        model=script(provider, reply="Let me see."), messages=[user("How is Rome?")], tools=[TOOL]
    ).choices
    assert (choice.message.content, len(choice.message.tool_calls)) == ("Let me see.", 1)
    answer = Message.objects.get(conversation__user=ann, role="assistant")
    assert answer.content == "Let me see."
    assert [part["type"] for part in answer.parts] == ["text", "tool_call"]


@EACH
def test_a_call_without_arguments(client, openai, anthropic, provider):
    model = scripted(provider, tool="now", arguments="{}")
    tool = {"type": "function", "function": {"name": "now"}}
    stream = client.chat.completions.create(model=model, messages=[user("When?")], tools=[tool], stream=True)
    deltas = [call for chunk in chunks(stream) for choice in chunk.choices for call in choice.delta.tool_calls or ()]
    assert json.loads("".join(delta.function.arguments or "" for delta in deltas)) == {}


def test_detail_and_export_show_them(client, openai, ann, api):
    client.chat.completions.create(model=script("openai"), messages=[user("How is Rome?")], tools=[TOOL])
    conversation = Conversation.objects.get(user=ann)
    shown = api.get(f"/api/v1/conversations/{conversation.pk}").json()["messages"]
    assert [message["parts"] and message["parts"][0]["name"] for message in shown] == [None, "weather"]
    exported = api.get(f"/api/v1/conversations/{conversation.pk}/export").getvalue().decode()
    assert "Called weather:\n\n    " + ROME in exported
