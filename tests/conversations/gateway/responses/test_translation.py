"""Requests of the Responses API to a provider of another protocol: what it is told, and what it cannot be told."""

import openai as openai_sdk
import pytest

from conversations.models import Message
from tests.conversations.gateway.helpers import FUNCTION, PDF, PNG, WEATHER, assistant, scripted, user

pytestmark = pytest.mark.django_db(transaction=True)

MODEL = scripted("anthropic", reply="Fine.")
IMAGE = {"type": "input_image", "detail": "auto", "image_url": f"data:image/png;base64,{PNG}"}
FILE = {"type": "input_file", "filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}
CALL = {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": '{"city":"Rome"}'}

RESULT = {"type": "function_call_output", "call_id": "call_1", "output": "Sunny."}


def test_parameters(client, anthropic, stub):
    client.responses.create(
        model=MODEL,
        instructions="Be kind.",
        input=[
            {"role": "developer", "content": [{"type": "input_text", "text": "Be brief."}]},
            user("Hi"),
            assistant([{"type": "output_text", "text": "Hello", "annotations": []}], type="message", id="msg_1"),
            user("How are you?"),
        ],
        temperature=0.5,
        top_p=0.9,
        max_output_tokens=77,
        user="u-1",
        metadata={},
        prompt_cache_key="here",
        service_tier="auto",
        top_logprobs=0,
        truncation="disabled",
        background=False,
        text={"format": {"type": "text"}, "verbosity": "medium"},
    )
    assert stub.requests[-1].body == {
        "model": MODEL.removeprefix("anthropic/"),
        "max_tokens": 77,
        "system": "Be kind.\n\nBe brief.",
        "messages": [user("Hi"), assistant("Hello"), user("How are you?")],
        "temperature": 0.5,
        "top_p": 0.9,
        "metadata": {"user_id": "u-1"},
        "stream": True,
    }


def test_tools(client, anthropic, stub):
    client.responses.create(
        model=MODEL,
        input=[
            user("How are Rome and Oslo?"),
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]},
            CALL,
            {**CALL, "call_id": "call_2"},
            {"type": "function_call_output", "call_id": "call_1", "output": "Sunny."},
            {"type": "function_call_output", "call_id": "call_2", "output": [{"type": "input_text", "text": "Snow."}]},
        ],
        tools=[FUNCTION],
        tool_choice={"type": "function", "name": "weather"},
        parallel_tool_calls=False,
    )
    sent = stub.requests[-1].body
    use = {"type": "tool_use", "name": "weather", "input": {"city": "Rome"}}
    results = [("call_1", "Sunny."), ("call_2", "Snow.")]
    assert sent["messages"] == [
        user("How are Rome and Oslo?"),
        assistant([{**use, "id": "call_1"}, {**use, "id": "call_2"}]),
        user([{"type": "tool_result", "tool_use_id": pk, "content": text} for pk, text in results]),
    ]
    assert sent["tools"] == [{"name": "weather", "description": "Tells it.", "input_schema": WEATHER, "strict": True}]
    assert sent["tool_choice"] == {"type": "tool", "name": "weather", "disable_parallel_tool_use": True}


def test_images_and_files(client, anthropic, stub):
    text = {"type": "input_text", "text": "What is this?"}
    linked = {**IMAGE, "image_url": "https://example.com/a.png"}
    client.responses.create(model=MODEL, input=[user([text, IMAGE, linked, FILE])])
    document = {"type": "base64", "media_type": "application/pdf", "data": PDF}
    assert stub.requests[-1].body["messages"][0]["content"] == [
        {"type": "text", "text": "What is this?"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
        {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
        {"type": "document", "source": document, "title": "a.pdf"},
    ]
    assert PNG not in str(Message.objects.get(role="user").parts)


def test_reasoning(client, anthropic, stub):
    client.responses.create(model=MODEL, input="Hi", reasoning={"effort": "low", "summary": "auto"})
    assert stub.requests[-1].body["output_config"] == {"effort": "low"}


def test_json_of_any_form(client, compatible, stub):
    client.responses.create(
        model=scripted("local", reply="{}"), input="JSON, please", text={"format": {"type": "json_object"}}
    )
    assert stub.requests[-1].body["response_format"] == {"type": "json_object"}


@pytest.mark.parametrize(
    ("param", "more"),
    [
        ("context_management", {"context_management": [{"type": "compaction"}]}),
        ("include.1", {"include": ["reasoning.encrypted_content", "message.output_text.logprobs"]}),
        ("invented", {"extra_body": {"invented": 1}}),
        ("max_tool_calls", {"max_tool_calls": 3}),
        ("metadata", {"metadata": {"a": "b"}}),
        ("moderation", {"moderation": {"model": "omni"}}),
        ("reasoning.effort", {"reasoning": {"effort": "xhigh"}}),
        ("reasoning.summary", {"reasoning": {"summary": "detailed"}}),
        ("service_tier", {"service_tier": "flex"}),
        ("stream_options.include_obfuscation", {"stream_options": {"include_obfuscation": True}}),
        ("temperature", {"temperature": 1.5}),
        ("text.format", {"text": {"format": {"type": "json_object"}}}),
        ("text.verbosity", {"text": {"verbosity": "low"}}),
        ("tool_choice", {"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": []}}),
        ("tools.0.type", {"tools": [{"type": "web_search"}]}),
        ("tools.0.output_schema", {"tools": [{**FUNCTION, "output_schema": {"type": "object"}}]}),
        ("top_logprobs", {"top_logprobs": 3}),
        ("truncation", {"truncation": "auto"}),
        ("input.1.type", {"input": [user("Hi"), {"type": "item_reference", "id": "msg_1"}]}),
        ("input.0.name", {"input": [{**user("Hi"), "name": "ann"}]}),
        ("input.0.content.0.file_id", {"input": [user([{"type": "input_image", "file_id": "f", "detail": "auto"}])]}),
        ("input.0.content.0.image_url", {"input": [user([{**IMAGE, "image_url": "gs://bucket/a.png"}])]}),
        ("input.0.content.0.detail", {"input": [user([{**IMAGE, "detail": "low"}])]}),
        ("input.0.content.0.file_id", {"input": [user([{"type": "input_file", "file_id": "file-1"}])]}),
        ("input.0.content.0.file_url", {"input": [user([{"type": "input_file", "file_url": "https://a.pdf"}])]}),
        ("input.0.content.0.type", {"input": [user([{"type": "input_audio", "input_audio": {}}])]}),
        ("input.2.output", {"input": [user("Hi"), CALL, {**RESULT, "output": [IMAGE]}]}),
        ("input.2.call_id", {"input": [user("Hi"), CALL, {**RESULT, "call_id": None}]}),
        ("input.1.type", {"input": [user("Hi"), {"id": "msg_1"}]}),
    ],
)
def test_what_cannot_be_translated_is_named(client, anthropic, stub, param, more):
    with pytest.raises(openai_sdk.BadRequestError) as caught:
        client.responses.create(**{"model": MODEL, "input": "Hi", **more})
    assert (caught.value.param, caught.value.code) == (param, "unsupported_parameter")
    assert not stub.requests
    assert not Message.objects.exists()


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize(
    "more",
    [{"background": True}, {"conversation": "conv_1"}, {"prompt": {"id": "pmpt_1"}}],
    ids=lambda more: next(iter(more)),
)
def test_what_would_happen_out_of_sight_is_refused(client, openai, anthropic, stub, provider, more):
    """It could be neither kept nor held by a budget."""
    with pytest.raises(openai_sdk.BadRequestError) as caught:
        client.responses.create(model=scripted(provider), input="Hi", **more)
    assert (caught.value.param, caught.value.code) == (next(iter(more)), "unsupported_parameter")
    assert not stub.requests


@pytest.mark.parametrize(
    ("param", "more"),
    [
        ("input", {"input": None}),
        ("input", {"input": ""}),
        ("input", {"input": []}),
        ("input", {"input": 7}),
        ("input.0", {"input": ["Hi"]}),
        ("input", {"input": [assistant("Hi")]}),
        ("input.0.role", {"input": [{"role": "robot", "content": "Hi"}]}),
        ("input.1.name", {"input": [user("Hi"), {"type": "function_call", "call_id": "call_1"}]}),
        ("instructions", {"instructions": ["Be kind."]}),
        ("max_output_tokens", {"max_output_tokens": "many"}),
        ("model", {"model": None}),
        ("previous_response_id", {"previous_response_id": 7}),
        ("text", {"text": "json"}),
        ("tools", {"tools": {}}),
        ("tools.0.name", {"tools": [{"type": "function"}]}),
    ],
)
def test_what_nobody_understands(client, openai, stub, param, more):
    with pytest.raises(openai_sdk.BadRequestError) as caught:
        client.responses.create(model="openai/stub", input="Hi", extra_body=more)
    assert caught.value.param == param
    assert not stub.requests
