"""Chat completions with OpenAI's own client, of providers that speak the protocol, and of others."""

import asyncio
import json

import httpx2
import openai as openai_sdk
import pytest
from pydantic import BaseModel

from tests.conversations.gateway.helpers import chunks, completion, scripted, text_of, user

pytestmark = pytest.mark.django_db(transaction=True)

EACH = pytest.mark.parametrize("provider", ["openai", "anthropic"])
SAYS_HI = {"reply": "Hi there, Ann"}


class Place(BaseModel):
    city: str
    country: str


@EACH
def test_whole(client, openai, anthropic, provider):
    raw = client.chat.completions.with_raw_response.create(
        model=scripted(provider, **SAYS_HI), messages=[user("Hello")], max_tokens=50
    )
    answer = completion(json.loads(raw.text))
    [choice] = answer.choices
    assert (choice.message.role, choice.message.content, choice.finish_reason) == ("assistant", "Hi there, Ann", "stop")
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (1, 3, 4)
    assert raw.headers["x-llmselect-model"] == scripted(provider, **SAYS_HI)


@EACH
@pytest.mark.parametrize("include_usage", [True, False])
def test_streamed(client, openai, anthropic, provider, include_usage):
    options = {"stream_options": {"include_usage": True}} if include_usage else {}
    with client.chat.completions.create(
        model=scripted(provider, **SAYS_HI), messages=[user("Hello")], stream=True, **options
    ) as stream:
        read = chunks(stream)
    assert text_of(read) == "Hi there, Ann"
    assert [choice.finish_reason for chunk in read for choice in chunk.choices][-1] == "stop"
    assert [chunk.usage.total_tokens for chunk in read if chunk.usage] == ([4] if include_usage else [])
    assert [chunk for chunk in read if not chunk.choices and not chunk.usage] == []


def test_the_helper_for_streams(client, openai, anthropic):
    for provider in ("openai", "anthropic"):
        with client.chat.completions.stream(model=scripted(provider, **SAYS_HI), messages=[user("Hello")]) as stream:
            kinds = {event.type for event in stream}
            final = stream.get_final_completion()
        assert {"chunk", "content.delta", "content.done"} <= kinds
        assert final.choices[0].message.content == "Hi there, Ann"


@EACH
def test_structured_output(client, openai, anthropic, stub, provider):
    reply = json.dumps({"city": "Rome", "country": "Italy"})
    answer = client.chat.completions.parse(
        model=scripted(provider, reply=reply), messages=[user("Where is Rome?")], response_format=Place
    )
    assert answer.choices[0].message.parsed == Place(city="Rome", country="Italy")
    sent = stub.requests[-1].body
    if provider == "openai":
        assert sent["response_format"]["json_schema"]["schema"]["required"] == ["city", "country"]
    else:
        wanted = sent["output_config"]["format"]
        assert (wanted["type"], wanted["schema"]["required"]) == ("json_schema", ["city", "country"])


def test_asynchronously(live_server, token, openai):
    async def ask():
        async with openai_sdk.AsyncOpenAI(base_url=f"{live_server.url}/v1", api_key=token, max_retries=0) as sdk:
            model = scripted("openai", **SAYS_HI)
            answers = await asyncio.gather(
                *(sdk.chat.completions.create(model=model, messages=[user(f"Hello {n}")]) for n in range(4))
            )
            stream = await sdk.chat.completions.create(model=model, messages=[user("Hello")], stream=True)
            return answers, "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])

    answers, streamed = asyncio.run(ask())
    assert [answer.choices[0].message.content for answer in answers] == ["Hi there, Ann"] * 4
    assert streamed == "Hi there, Ann"


def test_reasoning(client, openai, anthropic, stub):
    for provider in ("openai", "anthropic"):
        model = scripted(provider, reply="42", think="Six times seven.")
        answer = client.chat.completions.create(model=model, messages=[user("6 x 7?")], reasoning_effort="low")
        assert (answer.choices[0].message.content, answer.choices[0].message.reasoning_content) == (
            "42",
            "Six times seven.",
        )
        read = chunks(client.chat.completions.create(model=model, messages=[user("6 x 7?")], stream=True))
        assert text_of(read) == "42"
        thought = [chunk.choices[0].delta.model_extra.get("reasoning_content") or "" for chunk in read if chunk.choices]
        assert "".join(thought) == "Six times seven."
    assert stub.requests[-2].body["output_config"] == {"effort": "low"}


class TestNative:
    def test_the_request_is_sent_as_it_is(self, client, openai, stub):
        model = scripted("openai", **SAYS_HI)
        extra = {"n": 1, "logit_bias": {"50256": -100}, "verbosity": "low", "invented_next_year": {"deep": [1, None]}}
        messages = [{"role": "developer", "content": "Be kind."}, {**user("Hello"), "name": "ann"}]
        client.chat.completions.create(model=model, messages=messages, seed=7, extra_body=extra, user="u-1")
        sent = {"model": model.removeprefix("openai/"), "messages": messages, "seed": 7, "user": "u-1", **extra}
        assert stub.requests[-1].body == sent
        assert stub.requests[-1].headers["authorization"] == "Bearer sk-test"

    def test_only_usage_is_asked_for_besides(self, client, openai, stub):
        model = scripted("openai", **SAYS_HI)
        list(client.chat.completions.create(model=model, messages=[user("Hello")], stream=True))
        assert stub.requests[-1].body == {
            "model": model.removeprefix("openai/"),
            "messages": [user("Hello")],
            "stream": True,
            "stream_options": {"include_usage": True},
        }

    def test_the_answer_is_passed_on_as_it_is(self, live_server, token, openai, stub):
        own = httpx2.post(
            f"{stub.openai_url}/chat/completions", json={"model": "stub?reply=Hi", "messages": [user("Hello")]}
        ).json()
        ours = httpx2.post(
            f"{live_server.url}/v1/chat/completions",
            json={"model": "openai/stub?reply=Hi", "messages": [user("Hello")]},
            headers={"Authorization": f"Bearer {token}"},
        ).json()
        assert {**own, "id": ""} == {**ours, "id": ""}

    def test_events_are_passed_on_as_they_are(self, live_server, token, openai, stub):
        asked = {"messages": [user("Hello")], "stream": True, "stream_options": {"include_usage": True}}
        model = "stub?reply=Hi there&comments=1&id=x"
        own = httpx2.post(f"{stub.openai_url}/chat/completions", json={"model": model, **asked}).text
        ours = httpx2.post(
            f"{live_server.url}/v1/chat/completions",
            json={"model": f"openai/{model}", **asked},
            headers={"Authorization": f"Bearer {token}"},
        ).text
        first, second = (text.partition('"id":"')[2].partition('"')[0] for text in (own, ours))
        assert own.replace(first, "") == ours.replace(second, "")

    def test_an_endpoint_that_refuses_what_only_we_asked_for_is_asked_without(self, client, openai, stub):
        stub.recordings["picky"] = {
            "refuse": {"field": "stream_options", "message": "Unsupported parameter: 'stream_options'."},
        }
        read = chunks(client.chat.completions.create(model="openai/picky", messages=[user("Hello")], stream=True))
        assert text_of(read) == "Hello"
        assert "stream_options" not in stub.requests[-1].body

    def test_what_the_client_asked_for_is_not_left_out(self, client, openai, stub):
        stub.recordings["cold"] = {"refuse": {"field": "temperature", "message": "Unsupported parameter: temperature."}}
        with pytest.raises(openai_sdk.BadRequestError) as caught:
            client.chat.completions.create(model="openai/cold", messages=[user("Hello")], temperature=0.3)
        assert caught.value.param == "temperature"
        assert len(stub.requests) == 1

    def test_an_endpoint_that_answers_a_stream_with_a_document(self, client, openai, stub):
        document = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "All at once"}}]}
        document["choices"][0]["finish_reason"] = "stop"
        stub.recordings["whole"] = {
            "whole": {"status": 200, "headers": {"content-type": "application/json"}, "chunks": [json.dumps(document)]}
        }
        read = chunks(client.chat.completions.create(model="openai/whole", messages=[user("Hello")], stream=True))
        assert text_of(read) == "All at once"
