"""Requests in OpenAI's protocol to a provider of another one: what it is told, and what it cannot be told."""

import openai as openai_sdk
import pytest

from conversations.models import Message
from tests.conversations.gateway.helpers import PDF, PNG, TOOL, assistant, scripted, user

pytestmark = pytest.mark.django_db(transaction=True)

MODEL = scripted("anthropic", reply="Fine.")
IMAGE = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
FILE = {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}}


def test_parameters(client, anthropic, stub):
    client.chat.completions.create(
        model=MODEL,
        messages=[
            {"role": "system", "content": "Be kind."},
            {"role": "developer", "content": [{"type": "text", "text": "Be brief."}]},
            user("Hi"),
            assistant("Hello"),
            user("How are you?"),
        ],
        temperature=0.5,
        top_p=0.9,
        stop=["END", "STOP"],
        max_completion_tokens=77,
        user="u-1",
        n=1,
        presence_penalty=0,
        logprobs=False,
    )
    assert stub.requests[-1].body == {
        "model": MODEL.removeprefix("anthropic/"),
        "max_tokens": 77,
        "system": "Be kind.\n\nBe brief.",
        "messages": [user("Hi"), assistant("Hello"), user("How are you?")],
        "temperature": 0.5,
        "top_p": 0.9,
        "stop_sequences": ["END", "STOP"],
        "metadata": {"user_id": "u-1"},
        "stream": True,
    }


def test_images_and_files(client, anthropic, stub, ann):
    client.chat.completions.create(
        model=MODEL,
        messages=[
            user(
                [
                    {"type": "text", "text": "What is this?"},
                    IMAGE,
                    {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
                    FILE,
                ]
            )
        ],
    )
    assert stub.requests[-1].body["messages"][0]["content"] == [
        {"type": "text", "text": "What is this?"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
        {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": PDF},
            "title": "a.pdf",
        },
    ]
    kept = Message.objects.get(conversation__user=ann, role="user")
    assert kept.content == "What is this?"
    assert [sorted(part) for part in kept.parts] == [
        ["text", "type"],
        ["file", "file_id", "media_type", "name", "size", "type"],
        ["type", "url"],
        ["file", "file_id", "media_type", "name", "size", "type"],
    ]
    assert len(kept.parts[1]["file"]) == 64
    assert PNG not in str(kept.parts)


@pytest.mark.parametrize(
    ("param", "more"),
    [
        ("seed", {"seed": 7}),
        ("n", {"n": 2}),
        ("logprobs", {"logprobs": True}),
        ("presence_penalty", {"presence_penalty": 0.5}),
        ("frequency_penalty", {"frequency_penalty": -0.5}),
        ("logit_bias", {"logit_bias": {"1": 2}}),
        ("service_tier", {"service_tier": "flex"}),
        ("verbosity", {"verbosity": "low"}),
        ("metadata", {"metadata": {"a": "b"}}),
        ("invented", {"extra_body": {"invented": 1}}),
        ("temperature", {"temperature": 1.5}),
        ("response_format", {"response_format": {"type": "json_object"}}),
        ("reasoning_effort", {"reasoning_effort": "xhigh"}),
        ("tools.1.type", {"tools": [TOOL, {"type": "custom", "custom": {"name": "x"}}]}),
        ("tool_choice", {"tool_choice": {"type": "allowed_tools", "allowed_tools": {}}}),
        ("messages.0.name", {"messages": [{**user("Hi"), "name": "ann"}]}),
        (
            "messages.0.content.0.type",
            {"messages": [user([{"type": "input_audio", "input_audio": {"data": "", "format": "mp3"}}])]},
        ),
        (
            "messages.0.content.0.image_url.url",
            {"messages": [user([{"type": "image_url", "image_url": {"url": "gs://bucket/a.png"}}])]},
        ),
        (
            "messages.0.content.0.image_url.detail",
            {"messages": [user([{"type": "image_url", "image_url": {**IMAGE["image_url"], "detail": "low"}}])]},
        ),
        ("messages.0.content.0.file.file_id", {"messages": [user([{"type": "file", "file": {"file_id": "file-1"}}])]}),
    ],
)
def test_what_cannot_be_translated_is_named(client, anthropic, stub, ann, param, more):
    asked = {"model": MODEL, "messages": [user("Hi")], **more}
    with pytest.raises(openai_sdk.BadRequestError) as caught:
        client.chat.completions.create(**asked)
    assert (caught.value.param, caught.value.code) == (param, "unsupported_parameter")
    assert not stub.requests
    assert not Message.objects.exists()


def test_a_refused_parameter_is_not_left_out(client, anthropic, stub):
    stub.recordings["cold"] = {"refuse": {"field": "temperature", "message": "temperature is not supported."}}
    for _ in range(2):
        with pytest.raises(openai_sdk.BadRequestError, match="temperature is not supported") as caught:
            client.chat.completions.create(model="anthropic/cold", messages=[user("Hi")], temperature=0.5)
        assert caught.value.param == "temperature"
    assert len(stub.requests) == 2


def test_the_echo_speaks_it_too(client, echo):
    answer = client.chat.completions.create(model="echo/echo-fast", messages=[user("Say this")])
    assert answer.choices[0].message.content == "Say this"


def test_long_agent_loops_are_cached(client, anthropic, stub):
    history = [user("Read."), assistant("x" * 5_000), user("Again.")]
    client.chat.completions.create(model=MODEL, messages=history)
    assert stub.requests[-1].body["messages"][1]["content"][0]["cache_control"] == {"type": "ephemeral"}
