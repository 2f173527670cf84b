"""Whole answers."""

import json

import pytest

from models_registry.calls.usage import Usage
from models_registry.errors import APIKeyRefused, MalformedAnswer, ProviderError, ProviderRateLimited, StreamBroken
from models_registry.providers.base import Prompt, Turn
from tests.models_registry.providers.helpers import KEY, KINDS, Answered, ask, make, whole

EVERY = pytest.mark.parametrize("kind", KINDS)
OPENAI_LIKE = tuple(kind for kind in KINDS if kind != "anthropic")


@EVERY
def test_the_answer_and_its_usage(stub, kind):
    model = "stub?usage=always" if kind == "mistral" else "stub"
    assert whole(make(stub, kind), *ask(model)) == Answered("hello you there", Usage(input_tokens=3, output_tokens=3))


@pytest.mark.parametrize("kind", OPENAI_LIKE)
def test_what_openai_and_its_like_are_sent(stub, kind):
    history = [Turn("user", "one"), Turn("assistant", "two"), Turn("user", "three")]
    whole(make(stub, kind), "stub", Prompt(messages=history, system="Be brief.", temperature=0.5))
    [received] = stub.requests
    assert (received.method, received.path) == ("POST", "/v1/chat/completions")
    assert received.headers["authorization"] == f"Bearer {KEY}"
    assert received.body == {
        "model": "stub",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "one"},
            {"role": "assistant", "content": "two"},
            {"role": "user", "content": "three"},
        ],
        "temperature": 0.5,
        "stream": True,
        **({} if kind == "mistral" else {"stream_options": {"include_usage": True}}),
    }


def test_what_anthropic_is_sent(stub):
    history = [Turn("user", "one"), Turn("assistant", "two"), Turn("user", "three")]
    client = make(stub, "anthropic")
    whole(client, "stub", Prompt(messages=history, system="Be brief.", temperature=0.0))
    [received] = stub.requests
    assert (received.method, received.path) == ("POST", "/v1/messages")
    assert received.body == {
        "model": "stub",
        "max_tokens": 32_000,
        "system": "Be brief.",
        "messages": [
            {"role": "user", "content": "one"},
            {"role": "assistant", "content": "two"},
            {"role": "user", "content": "three"},
        ],
        "temperature": 0.0,
        "stream": True,
    }


@pytest.mark.parametrize(
    ("kind", "model", "field"),
    [
        ("openai", "gpt-4o", "max_completion_tokens"),
        ("openai", "o3-mini", "max_completion_tokens"),
        ("gemini", "gemini-3-pro", "max_tokens"),
        ("mistral", "mistral-large-latest", "max_tokens"),
        ("anthropic", "claude-opus-4-5", "max_tokens"),
        ("openai_compatible", "gpt-4o", "max_tokens"),
        ("openai_compatible", "llama3.1:8b", "max_tokens"),
        ("openai_compatible", "openai/gpt-4.1", "max_tokens"),
        ("openai_compatible", "openai/gpt-oss-120b", "max_tokens"),
        ("openai_compatible", "olmo-2", "max_tokens"),
        ("openai_compatible", "o1", "max_tokens"),
    ],
)
def test_the_maximum_goes_by_the_name_that_the_vendor_wants(stub, kind, model, field):
    whole(make(stub, kind), *ask(model, max_tokens=7))
    sent = stub.requests[0].body
    assert {name: value for name, value in sent.items() if name.startswith("max_")} == {field: 7}


@EVERY
def test_without_a_key_a_word_is_sent_in_its_place(stub, kind):
    assert whole(make(stub, kind, api_key=""), *ask()).text == "hello you there"
    assert stub.requests[0].headers["authorization"] == "Bearer none"


@EVERY
def test_text_is_made_storable(stub, kind):
    assert whole(make(stub, kind), *ask("stub?reply=hi&nul=1&surrogate=1")).text == "hi😀\ufffdx"


@pytest.mark.parametrize("kind", OPENAI_LIKE)
def test_an_answer_of_null_is_empty(stub, kind):
    assert whole(make(stub, kind), *ask("stub?content=null")).text == ""


def test_a_list_of_text_parts_is_joined(stub):
    assert whole(make(stub, "mistral"), *ask("stub?content=parts")).text == "hello you there"


@EVERY
def test_usage_that_is_not_reported_is_none(stub, kind):
    assert whole(make(stub, kind), *ask("stub?usage=0")) == Answered("hello you there", None)


@EVERY
@pytest.mark.parametrize("garbage", ["1", "shape", "html"])
def test_an_answer_that_cannot_be_read_is_malformed(stub, kind, garbage):
    with pytest.raises(MalformedAnswer):
        whole(make(stub, kind), *ask(f"stub?garbage={garbage}"))


@EVERY
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("overloaded_error", ProviderError),
        ("rate_limit_error", ProviderRateLimited),
        ("authentication_error", APIKeyRefused),
        ("never_heard_of", ProviderError),
    ],
)
def test_an_error_with_status_200_is_an_error(stub, kind, error, expected):
    with pytest.raises(ProviderError) as raised:
        whole(make(stub, kind), *ask(f"stub?error={error}"))
    assert (type(raised.value), str(raised.value)) == (expected, "The stub broke off.")


@EVERY
def test_an_answer_cut_off_in_the_middle_is_broken(stub, kind):
    with pytest.raises(StreamBroken):
        whole(make(stub, kind), *ask("stub?cut=1"))
    assert len(stub.requests) == 1


def test_an_answer_without_a_measure_is_refused(stub):
    message = {"choices": [{"index": 0, "message": {"content": "x" * 50_000_000}}]}
    stub.recordings["m"] = {"whole": {"status": 200, "headers": {}, "chunks": [json.dumps(message)], "length": True}}
    with pytest.raises(MalformedAnswer):
        whole(make(stub, "openai"), *ask("m"))


@EVERY
def test_one_connection_serves_many_calls(stub, kind):
    client = make(stub, kind)
    whole(client, *ask())
    before = stub.open_connections
    for _ in range(5):
        whole(client, *ask())
        list(client.stream(*ask()))
    assert stub.open_connections <= before  # others may be given up meanwhile
