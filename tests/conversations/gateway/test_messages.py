"""Anthropic's messages with Anthropic's own client, of Claude and of providers that speak another protocol."""

import asyncio
import json

import anthropic as anthropic_sdk
import pytest
from anthropic.types import Message as MessageType
from anthropic.types import ModelInfo

from conversations.models import Conversation, Message
from tests.conversations.gateway.helpers import PDF, PNG, WEATHER, assistant, events, post_message, scripted, user

pytestmark = pytest.mark.django_db(transaction=True)

EACH = pytest.mark.parametrize("provider", ["openai", "anthropic"])
TOOL = {"name": "weather", "description": "Tells it.", "input_schema": WEATHER}
ROME = '{"city":"Rome"}'


@EACH
def test_whole(claude, openai, anthropic, provider):
    raw = claude.messages.with_raw_response.create(
        model=scripted(provider, reply="Hi there, Ann"), max_tokens=99, messages=[user("Hello")]
    )
    message = MessageType.model_validate(json.loads(raw.text()))
    assert [block.text for block in message.content] == ["Hi there, Ann"]
    assert (message.stop_reason, message.usage.input_tokens, message.usage.output_tokens) == ("end_turn", 1, 3)
    assert raw.headers["x-conversation-id"] == str(Conversation.objects.get().pk)


@EACH
def test_streamed(claude, openai, anthropic, provider):
    with claude.messages.stream(
        model=scripted(provider, reply="Hi there, Ann"), max_tokens=99, messages=[user("Hello")]
    ) as stream:
        assert "".join(stream.text_stream) == "Hi there, Ann"
        final = stream.get_final_message()
    assert (final.stop_reason, final.usage.output_tokens) == ("end_turn", 3)
    assert Message.objects.get(role="assistant").content == "Hi there, Ann"


@EACH
def test_each_event_is_of_its_type(live_server, token, openai, anthropic, provider):
    model = scripted(provider, reply="Hi there", think="Hm.", tool="weather", arguments=ROME)
    read = events(post_message(live_server, token, model=model, messages=[user("Hi")], tools=[TOOL], stream=True))
    kinds = [event["type"] for event in read if event["type"] != "ping"]
    assert (kinds[0], kinds[-2:]) == ("message_start", ["message_delta", "message_stop"])
    blocks = [event["content_block"]["type"] for event in read if event["type"] == "content_block_start"]
    assert blocks == ["thinking", "text", "tool_use"]
    assert kinds.count("content_block_stop") == 3


@EACH
@pytest.mark.parametrize("stream", [False, True])
def test_a_loop_with_tools(claude, openai, anthropic, ann, provider, stream):
    model = scripted(provider, tool="weather", arguments=ROME)
    asked = {"model": model, "max_tokens": 99, "tools": [TOOL]}
    messages = [user("How is Rome?")]
    if stream:
        with claude.messages.stream(messages=messages, **asked) as running:
            first = running.get_final_message()
    else:
        first = claude.messages.create(messages=messages, **asked)
    [call] = first.content
    assert (call.type, call.name, call.input, first.stop_reason) == (
        "tool_use",
        "weather",
        {"city": "Rome"},
        "tool_use",
    )
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "Sunny."}
    messages += [assistant([block.model_dump() for block in first.content]), user([result])]
    second = claude.messages.create(messages=messages, **asked)
    assert second.content[-1].text == "Sunny."
    assert Conversation.objects.get(user=ann).message_count == 4


@EACH
def test_thinking(claude, openai, anthropic, stub, provider):
    message = claude.messages.create(
        model=scripted(provider, reply="42", think="Six times seven."),
        max_tokens=9_000,
        messages=[user("6 x 7?")],
        thinking={"type": "enabled", "budget_tokens": 5_000},
    )
    assert [block.type for block in message.content] == ["thinking", "text"]
    assert message.content[0].thinking == "Six times seven."
    sent = stub.requests[-1].body
    assert sent.get("reasoning_effort") == ("medium" if provider == "openai" else None)


def test_as_openai_is_told(claude, openai, stub):
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    pdf = {
        "type": "document",
        "title": "a.pdf",
        "source": {"type": "base64", "media_type": "application/pdf", "data": PDF},
    }
    claude.messages.create(
        model=scripted("openai", reply="Fine."),
        max_tokens=99,
        system=[{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}],
        messages=[
            user([{"type": "text", "text": "What is this?"}, image, pdf]),
            assistant(
                [
                    {"type": "thinking", "thinking": "Hm.", "signature": "x"},
                    {"type": "text", "text": "Let me see."},
                    {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Rome"}},
                ]
            ),
            user(
                [
                    {"type": "tool_result", "tool_use_id": "toolu_1", "content": "No such city.", "is_error": True},
                    {"type": "text", "text": "And?"},
                ]
            ),
        ],
        extra_body={"temperature": 0.5, "top_p": 0.9},  # which the client of today no longer knows
        stop_sequences=["END"],
        metadata={"user_id": "u-1"},
        tools=[TOOL],
        tool_choice={"type": "any", "disable_parallel_tool_use": True},
    )
    sent = stub.requests[-1].body
    assert sent["messages"] == [
        {"role": "system", "content": "Be kind."},
        user(
            [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
                {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}},
            ]
        ),
        assistant(
            "Let me see.",
            tool_calls=[
                {
                    "id": "toolu_1",
                    "type": "function",
                    "function": {"name": "weather", "arguments": '{"city": "Rome"}'},
                }
            ],
        ),
        {"role": "tool", "tool_call_id": "toolu_1", "content": "Error: No such city."},
        user("And?"),
    ]
    rest = {name: value for name, value in sent.items() if name not in ("model", "messages", "tools")}
    assert rest == {
        "max_completion_tokens": 99,
        "temperature": 0.5,
        "top_p": 0.9,
        "stop": ["END"],
        "user": "u-1",
        "tool_choice": "required",
        "parallel_tool_calls": False,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_structured_output(claude, openai, stub):
    claude.messages.create(
        model=scripted("openai", reply="{}"),
        max_tokens=99,
        messages=[user("Hi")],
        output_config={"format": {"type": "json_schema", "schema": WEATHER}, "effort": "low"},
    )
    sent = stub.requests[-1].body
    assert sent["response_format"]["json_schema"] == {"name": "answer", "schema": WEATHER, "strict": True}
    assert sent["reasoning_effort"] == "low"


@pytest.mark.parametrize(
    ("place", "more"),
    [
        ("top_k", {"extra_body": {"top_k": 5}}),
        ("container", {"container": "c"}),
        ("invented", {"extra_body": {"invented": 1}}),
        ("tools.0.type", {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
        ("messages.1", {"messages": [user("Hi"), assistant("I")]}),
        ("output_config.effort", {"output_config": {"effort": "max"}}),
        ("messages.0.content.0.type", {"messages": [user([{"type": "container_upload", "file_id": "f"}])]}),
        (
            "messages.0.content.0.source.type",
            {"messages": [user([{"type": "image", "source": {"type": "file", "file_id": "f"}}])]},
        ),
    ],
)
def test_what_cannot_be_translated_is_named(claude, openai, stub, place, more):
    asked = {"model": scripted("openai"), "max_tokens": 99, "messages": [user("Hi")], **more}
    with pytest.raises(anthropic_sdk.BadRequestError, match=place):
        claude.messages.create(**asked)
    assert not stub.requests


def test_the_request_is_sent_as_it_is(claude, anthropic, stub):
    messages = [user([{"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}]), assistant("I")]
    claude.messages.create(
        model=scripted("anthropic", reply="Fine."),
        max_tokens=99,
        messages=messages,
        extra_body={"top_k": 5, "invented_next_year": {"a": 1}},
        extra_headers={"anthropic-beta": "new-thing-2027", "anthropic-version": "2023-06-01"},
    )
    assert stub.requests[-1].body == {
        "model": "stub?reply=Fine.",
        "max_tokens": 99,
        "messages": messages,
        "top_k": 5,
        "invented_next_year": {"a": 1},
    }
    headers = stub.requests[-1].headers
    assert (headers["anthropic-beta"], headers["anthropic-version"]) == ("new-thing-2027", "2023-06-01")


def test_counting(claude, openai, anthropic, stub):
    messages = [user("One two three four")]
    counted = claude.messages.count_tokens(model=scripted("anthropic"), messages=messages, system="Five")
    assert counted.input_tokens == 5
    assert stub.requests[-1].path == "/v1/messages/count_tokens"
    assert claude.messages.count_tokens(model=scripted("openai"), messages=messages).input_tokens == 5
    assert not Conversation.objects.exists()


def test_models(claude, openai):
    [auto, model] = [ModelInfo.model_validate(model.model_dump()) for model in claude.models.list()]
    assert auto.id == "llmselect/auto"
    assert (model.id, model.display_name) == ("openai/stub", "Stub")
    assert claude.models.retrieve("openai/stub").display_name == "Stub"


def test_asynchronously_with_a_bearer_token(live_server, token, anthropic):
    async def ask():
        async with anthropic_sdk.AsyncAnthropic(base_url=live_server.url, auth_token=token, api_key=None) as sdk:
            message = await sdk.messages.create(
                model=scripted("anthropic", reply="Fine."), max_tokens=9, messages=[user("Hello")]
            )
            return message.content[0].text

    assert asyncio.run(ask()) == "Fine."
