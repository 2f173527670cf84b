"""Errors of responses: before the first event a status of their own, after it the events that end a response."""

import openai as openai_sdk
import pytest

from conversations.models import Message
from models_registry.models import Alias
from tests.conversations.gateway.helpers import post_response, response_events, scripted

pytestmark = pytest.mark.django_db(transaction=True)

EACH = pytest.mark.parametrize("provider", ["openai", "anthropic", "local"])


@pytest.fixture(autouse=True)
def providers(openai, anthropic, compatible):
    """Have one provider of each kind."""


@EACH
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("status", "kind"), [(429, openai_sdk.RateLimitError), (400, openai_sdk.BadRequestError)], ids=["429", "400"]
)
def test_a_refusal_of_the_provider(client, provider, stream, status, kind):
    with pytest.raises(kind, match="The stub was asked"):
        client.responses.create(model=scripted(provider, status=status), input="Hi", stream=stream)


@EACH
@pytest.mark.parametrize("script", [{"cut": 2}, {"error": "server_error"}], ids=["cut", "error"])
def test_one_that_breaks_off(live_server, token, provider, script):
    model = scripted(provider, reply="One two three four", delay=0.05, **script)
    read = response_events(post_response(live_server, token, model=model, input="Hi", stream=True))
    assert [event.type for event in read][-2:] == ["error", "response.failed"]
    failed = read[-1].response
    assert (failed.status, failed.error.code, failed.error.message) == ("failed", "server_error", read[-2].message)
    kept = Message.objects.get(role="assistant")
    assert (kept.status, failed.id, kept.content.strip()) == ("interrupted", f"resp_{kept.pk.hex}", "One two")
    if provider != "openai":
        assert failed.output[0].content[0].text.strip() == "One two"
        assert failed.output[0].status == "incomplete"


@EACH
@pytest.mark.parametrize("stream", [False, True])
def test_garbage(live_server, token, provider, stream):
    answer = post_response(live_server, token, model=scripted(provider, garbage="html"), input="Hi", stream=stream)
    assert (answer.status_code, answer.json()["error"]["type"]) == (502, "server_error")


def test_no_end(client):
    read = list(client.responses.create(model=scripted("openai", reply="So", end="early"), input="Hi", stream=True))
    assert [event.type for event in read][-2:] == ["error", "response.failed"]


def test_unknown_models_and_others_conversations(client):
    with pytest.raises(openai_sdk.NotFoundError) as caught:
        client.responses.create(model="nobody/has-it", input="Hi")
    assert caught.value.code == "model_not_found"
    with pytest.raises(openai_sdk.BadRequestError) as caught:
        client.responses.create(model="openai/stub", input="Hi", extra_headers={"X-Conversation-Id": "mine"})
    assert caught.value.param == "X-Conversation-Id"


def test_a_refused_token(live_server):
    answer = post_response(live_server, "nonsense", model="openai/stub", input="Hi")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")


def test_a_body_that_is_too_large(live_server, token):
    answer = post_response(live_server, token, model="openai/stub", input="x" * 21_000_000)
    assert (answer.status_code, answer.json()["error"]["type"]) == (413, "invalid_request_error")


@pytest.mark.parametrize("stream", [False, True])
def test_an_alias_goes_on_to_the_next_model(client, stream):
    names = [scripted("openai", status=500), scripted("local", cut=0), scripted("anthropic", reply="Third")]
    Alias.objects.create(name="fast", candidates=names)
    answer = client.responses.create(model="fast", input="Hi", stream=stream)
    response = list(answer)[-1].response if stream else answer
    assert (response.output_text, response.model) == ("Third", names[-1])
    assert response.id == f"resp_{Message.objects.get(role='assistant').pk.hex}"
