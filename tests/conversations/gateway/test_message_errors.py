"""Errors in Anthropic's protocol are its client's own exceptions."""

import anthropic as anthropic_sdk
import httpx2
import pytest

from conversations.models import Message
from tests.conversations.gateway.helpers import events, post_message, scripted, user

pytestmark = pytest.mark.django_db(transaction=True)

EACH = pytest.mark.parametrize("provider", ["openai", "anthropic"])


def test_an_unknown_model(claude, openai):
    with pytest.raises(anthropic_sdk.NotFoundError) as caught:
        claude.messages.create(model="nobody/nothing", max_tokens=9, messages=[user("Hi")])
    assert caught.value.body["error"]["type"] == "not_found_error"


def test_no_messages(claude, openai):
    with pytest.raises(anthropic_sdk.BadRequestError) as caught:
        claude.messages.create(model=scripted("openai"), max_tokens=9, messages=[])
    assert caught.value.body["error"]["type"] == "invalid_request_error"


def test_no_limit_of_tokens(live_server, token, openai):
    response = post_message(live_server, token, model=scripted("openai"), messages=[user("Hi")], max_tokens=None)
    assert (response.status_code, response.json()["error"]["message"]) == (400, "max_tokens: Field required")


def test_a_refused_token(live_server, openai):
    sdk = anthropic_sdk.Anthropic(base_url=live_server.url, api_key="nonsense", max_retries=0)
    with sdk, pytest.raises(anthropic_sdk.AuthenticationError) as caught:
        sdk.messages.create(model=scripted("openai"), max_tokens=9, messages=[user("Hi")])
    assert caught.value.body["error"]["type"] == "authentication_error"


def test_a_large_body(live_server, token):
    headers = {"x-api-key": token, "content-type": "application/json"}
    response = httpx2.post(f"{live_server.url}/v1/messages", content="x" * 21_000_000, headers=headers)
    assert (response.status_code, response.json()["error"]["type"]) == (413, "request_too_large")


@EACH
@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ({"status": 400, "message": "Bad thing."}, anthropic_sdk.BadRequestError),
        ({"status": 429, "retry_after": "7"}, anthropic_sdk.RateLimitError),
        ({"status": 500, "should_retry": "false"}, anthropic_sdk.InternalServerError),
    ],
)
def test_a_provider_that_fails(claude, openai, anthropic, provider, script, kind):
    with pytest.raises(kind):
        claude.messages.create(model=scripted(provider, **script), max_tokens=9, messages=[user("Hi")])


@EACH
def test_a_stream_that_breaks_off(live_server, token, openai, anthropic, provider):
    model = scripted(provider, reply="One two three four", error="overloaded_error")
    read = events(post_message(live_server, token, model=model, messages=[user("Hi")], stream=True))
    assert read[-1]["type"] == "error"
    assert "broke off" in read[-1]["error"]["message"]
    assert Message.objects.get(role="assistant").status == "interrupted"
