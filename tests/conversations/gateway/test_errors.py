"""Errors are the vendors' own exceptions to their clients, also those raised before any view."""

import httpx2
import openai as openai_sdk
import pytest
from openai.types.shared import ErrorObject

from conversations.models import Message
from models_registry.models import Provider
from tests.conversations.gateway.helpers import chunks, scripted, user

pytestmark = pytest.mark.django_db(transaction=True)

HI = [user("Hello")]


def test_an_unknown_model(client, openai, ann):
    for name in ("nobody/nothing", "no-such-model", "", "x" * 400, "a\0b"):
        with pytest.raises(openai_sdk.NotFoundError) as caught:
            client.chat.completions.create(model=name, messages=HI)
        assert (caught.value.code, caught.value.param, caught.value.type) == (
            "model_not_found",
            "model",
            "invalid_request_error",
        )


def test_a_model_that_its_provider_does_not_list(client, openai):
    Provider.objects.update(checked_at="2026-11-28T09:00:00Z")
    with pytest.raises(openai_sdk.NotFoundError, match="Did you mean stub") as caught:
        client.chat.completions.create(model="openai/stubb", messages=HI)
    assert caught.value.code == "model_not_found"


@pytest.mark.parametrize("messages", [[], [{"role": "system", "content": "Be kind."}]])
def test_no_messages(client, openai, messages):
    with pytest.raises(openai_sdk.BadRequestError) as caught:
        client.chat.completions.create(model=scripted("openai"), messages=messages)
    assert caught.value.param == "messages"


@pytest.mark.parametrize(
    ("param", "body"),
    [
        ("body", []),
        ("model", {"messages": HI}),
        ("model", {"model": 5, "messages": HI}),
        ("messages", {"model": "openai/stub", "messages": "Hello"}),
        ("messages.0", {"model": "openai/stub", "messages": ["Hello"]}),
        ("messages.0.role", {"model": "openai/stub", "messages": [{"content": "Hello"}]}),
        ("messages.0.role", {"model": "openai/stub", "messages": [{"role": "pope", "content": "Hello"}]}),
        ("messages.0.content", {"model": "openai/stub", "messages": [{"role": "user", "content": 5}]}),
        ("temperature", {"model": "openai/stub", "messages": HI, "temperature": "hot"}),
        ("max_tokens", {"model": "openai/stub", "messages": HI, "max_tokens": True}),
        ("stream", {"model": "openai/stub", "messages": HI, "stream": "yes"}),
        ("stop", {"model": "openai/stub", "messages": HI, "stop": [5]}),
        ("tools.0", {"model": "openai/stub", "messages": HI, "tools": ["x"]}),
        ("stream_options", {"model": "openai/stub", "messages": HI, "stream_options": 5}),
    ],
)
def test_what_is_malformed_is_named(api, openai, stub, param, body):
    response = api.post("/v1/chat/completions", body)
    error = ErrorObject.model_validate(response.json()["error"])
    assert (response.status_code, error.param, error.type) == (400, param, "invalid_request_error")
    assert not stub.requests


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize(
    ("script", "kind", "status"),
    [
        ({"status": 400, "message": "Bad thing."}, openai_sdk.BadRequestError, 400),
        ({"status": 404, "message": "No such model."}, openai_sdk.NotFoundError, 404),
        ({"status": 422, "message": "Odd thing."}, openai_sdk.UnprocessableEntityError, 422),
        ({"status": 401}, openai_sdk.ConflictError, 409),
        ({"status": 402, "message": "No credit."}, openai_sdk.APIStatusError, 402),
        ({"status": 429, "retry_after": "7"}, openai_sdk.RateLimitError, 429),
        ({"status": 504}, openai_sdk.InternalServerError, 502),
        ({"cut": 0, "should_retry": "false"}, openai_sdk.InternalServerError, 502),
        ({"garbage": "1"}, openai_sdk.InternalServerError, 502),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_provider_that_fails(client, openai, anthropic, ann, provider, script, kind, status, stream):
    if stream and script.get("garbage"):
        pytest.skip("garbage comes after the first byte")
    with pytest.raises(kind) as caught:
        client.chat.completions.create(model=scripted(provider, **script), messages=HI, stream=stream)
    assert caught.value.status_code == status
    assert caught.value.response.headers.get("retry-after") == ("7" if status == 429 else None)
    assert "sk-" not in str(caught.value)
    assert Message.objects.get(role="assistant").status == "error"


def test_a_prompt_that_is_too_long(client, openai):
    script = {"status": 400, "message": "maximum context length is 4096 tokens, however you requested 5000 tokens"}
    with pytest.raises(openai_sdk.BadRequestError) as caught:
        client.chat.completions.create(model=scripted("openai", **script), messages=HI)
    assert caught.value.code == "context_length_exceeded"


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_a_stream_that_breaks_off(client, openai, anthropic, ann, provider):
    stream = client.chat.completions.create(
        model=scripted(provider, reply="One two three four", error="overloaded_error"), messages=HI, stream=True
    )
    with pytest.raises(openai_sdk.APIError, match="broke off"):
        chunks(stream)
    answer = Message.objects.get(role="assistant")
    assert (answer.content, answer.status) == ("One two ", "interrupted")


def test_a_provider_without_a_key(client, openai, settings):
    settings.SYSTEM_API_KEYS = {}
    with pytest.raises(openai_sdk.ConflictError) as caught:
        client.chat.completions.create(model=scripted("openai"), messages=HI)
    assert caught.value.code == "api_key_missing"
    assert caught.value.response.headers["x-should-retry"] == "false"


def test_a_refused_token(live_server, openai):
    for key in ("nonsense", "llms_nonsense"):
        sdk = openai_sdk.OpenAI(base_url=f"{live_server.url}/v1", api_key=key, max_retries=0)
        with sdk, pytest.raises(openai_sdk.AuthenticationError) as caught:
            sdk.chat.completions.create(model=scripted("openai"), messages=HI)
        assert caught.value.code == "invalid_api_key"


def test_retries_of_the_client(live_server, token, openai, stub):
    with openai_sdk.OpenAI(base_url=f"{live_server.url}/v1", api_key=token, max_retries=2) as sdk:
        model = scripted("openai", reply="Fine.", status=429, fail=1, id="a", retry_after_ms="1")
        assert sdk.chat.completions.create(model=model, messages=HI).choices[0].message.content == "Fine."
        with pytest.raises(openai_sdk.BadRequestError):
            sdk.chat.completions.create(model=scripted("openai", status=400), messages=HI)
    assert len(stub.requests) == 3


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/nothing", None, 404),
        ("POST", "/v1/embeddings", "{}", 404),
        ("GET", "/v1", None, 404),
        ("GET", "/v1/chat/completions/", None, 404),
        ("GET", "/v1/chat/completions", None, 405),
        ("POST", "/v1/chat/completions", "{", 400),
        ("POST", "/v1/chat/completions?x=%00", "{}", 400),
        ("POST", "/v1/chat/completions", "x" * 20_000_001, 413),
    ],
)
def test_what_fails_before_the_view(live_server, token, method, path, body, status):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    response = httpx2.request(method, live_server.url + path, content=body, headers=headers)
    assert response.status_code == status
    assert ErrorObject.model_validate(response.json()["error"]).type == "invalid_request_error"
    headers["anthropic-version"] = "2023-06-01"
    response = httpx2.request(method, live_server.url + path, content=body, headers=headers)
    assert response.status_code == status
    assert response.json()["type"] == "error"


def test_other_media_types(client, live_server, token):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/plain"}
    response = httpx2.post(f"{live_server.url}/v1/chat/completions", content="Hello", headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (415, "unsupported_media_type")


def test_bodies_of_megabytes_are_read(client, openai):
    model = scripted("openai", reply="Fine.")
    answer = client.chat.completions.create(model=model, messages=[user("x" * 5_000_000)])
    assert answer.choices[0].message.content == "Fine."


def test_the_throttle_speaks_it_too(client, openai, settings):
    settings.RATE_LIMITS = {"completion": "1/minute"}
    client.chat.completions.create(model=scripted("openai"), messages=HI)
    with pytest.raises(openai_sdk.RateLimitError) as caught:
        client.chat.completions.create(model=scripted("openai"), messages=HI)
    assert caught.value.code == "rate_limit_exceeded"
    assert int(caught.value.response.headers["retry-after"]) > 0
