"""Responses with OpenAI's own client, of OpenAI and of others: whole, streamed, with tools and reasoning."""

import json

import pytest
from pydantic import BaseModel

from conversations.models import Conversation, Message
from tests.conversations.gateway.helpers import FUNCTION, post_response, response_events, response_of, scripted

pytestmark = pytest.mark.django_db(transaction=True)

EACH = pytest.mark.parametrize("provider", ["openai", "anthropic", "local"])
SAYS_HI = {"reply": "Hi there, Ann"}
ROME = '{"city":"Rome"}'


class Place(BaseModel):
    city: str
    country: str


@pytest.fixture(autouse=True)
def providers(openai, anthropic, compatible):
    """Have one provider of each kind."""


@EACH
def test_whole(client, provider):
    model = scripted(provider, **SAYS_HI)
    raw = client.responses.with_raw_response.create(
        model=model, input="Hello", instructions="Be kind.", temperature=0.5, max_output_tokens=50, tools=[FUNCTION]
    )
    response = response_of(json.loads(raw.text))
    assert (response.output_text, response.status, response.error) == ("Hi there, Ann", "completed", None)
    usage = response.usage
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (3, 3, 6)
    assert raw.headers["x-llmselect-model"] == model
    assert raw.headers["x-conversation-id"] == str(Conversation.objects.get().pk)
    assert response.id == f"resp_{Message.objects.get(role='assistant').pk.hex}"
    if provider != "openai":
        assert (response.model, response.instructions, response.temperature) == (model, "Be kind.", 0.5)
        assert (response.max_output_tokens, [tool.name for tool in response.tools]) == (50, ["weather"])


@EACH
def test_streamed(live_server, token, provider):
    model = scripted(provider, **SAYS_HI, think="Hm.")
    read = response_events(post_response(live_server, token, model=model, input="Hello", stream=True))
    kinds = [event.type.removeprefix("response.") for event in read]
    assert kinds == [
        *("created", "in_progress"),
        *("output_item.added", "reasoning_summary_part.added", "reasoning_summary_text.delta"),
        *("reasoning_summary_text.done", "reasoning_summary_part.done", "output_item.done"),
        *("output_item.added", "content_part.added", *["output_text.delta"] * 3),
        *("output_text.done", "content_part.done", "output_item.done", "completed"),
    ]
    assert "".join(event.delta for event in read if event.type == "response.output_text.delta") == "Hi there, Ann"
    last = read[-1].response
    assert (last.output_text, last.output[0].summary[0].text) == ("Hi there, Ann", "Hm.")
    assert [item.id for item in last.output] == [each.item.id for each in read if each.type.endswith("item.added")]
    assert (last.usage.output_tokens, {each.response.id for each in read if hasattr(each, "response")}) == (
        3,
        {last.id},
    )
    if provider != "openai":
        assert [event.sequence_number for event in read] == list(range(len(read)))
    kept = Message.objects.get(role="assistant")
    assert (kept.content, kept.reasoning, last.id) == ("Hi there, Ann", "Hm.", f"resp_{kept.pk.hex}")


@EACH
def test_the_helper_for_streams(client, provider):
    with client.responses.stream(model=scripted(provider, **SAYS_HI), input="Hello") as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_response()
    assert {"response.output_text.delta", "response.output_text.done", "response.completed"} <= kinds
    assert final.output_text == "Hi there, Ann"


@EACH
@pytest.mark.parametrize("stream", [False, True])
def test_a_loop_with_tools(client, stub, ann, provider, stream):
    model = scripted(provider, tool="weather", arguments=ROME)
    given = [{"role": "user", "content": "How is Rome?"}]
    asked = {"model": model, "tools": [FUNCTION]}
    if stream:
        read = list(client.responses.create(input=given, stream=True, **asked))
        deltas = [event.delta for event in read if event.type == "response.function_call_arguments.delta"]
        [done] = [event for event in read if event.type == "response.function_call_arguments.done"]
        assert json.loads("".join(deltas)) == json.loads(done.arguments) == {"city": "Rome"}
        response = read[-1].response
    else:
        response = client.responses.create(input=given, **asked)
    [call] = response.output
    assert (call.type, call.name, json.loads(call.arguments)) == ("function_call", "weather", {"city": "Rome"})
    given += [
        *(item.model_dump(exclude_none=True) for item in response.output),
        {"type": "function_call_output", "call_id": call.call_id, "output": "Sunny."},
    ]
    assert client.responses.create(input=given, **asked).output_text == "Sunny."
    kept = list(Message.objects.filter(conversation__user=ann).order_by("created_at", "id"))
    assert [(row.role, row.content) for row in kept] == [
        ("user", "How is Rome?"),
        ("assistant", ""),
        ("user", ""),
        ("assistant", "Sunny."),
    ]
    assert len({row.conversation_id for row in kept}) == 1
    assert kept[1].finish_reason == "tool_calls"
    result = {"type": "tool_result", "id": call.call_id, "content": "Sunny.", "is_error": False}
    assert kept[2].parts == [result]


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_without_arguments(client, stream):
    model = scripted("anthropic", tool="now", arguments="{}")
    asked = {"model": model, "input": "When?", "tools": [{**FUNCTION, "name": "now"}]}
    response = list(client.responses.create(stream=True, **asked))[-1].response if stream else None
    [call] = (response or client.responses.create(**asked)).output
    assert call.arguments == "{}"


@EACH
def test_structured_output(client, stub, provider):
    reply = json.dumps({"city": "Rome", "country": "Italy"})
    response = client.responses.parse(model=scripted(provider, reply=reply), input="Where is it?", text_format=Place)
    assert response.output_parsed == Place(city="Rome", country="Italy")
    sent = stub.requests[-1].body
    schemas = {
        "openai": lambda: sent["text"]["format"]["schema"],
        "anthropic": lambda: sent["output_config"]["format"]["schema"],
        "local": lambda: sent["response_format"]["json_schema"]["schema"],
    }
    assert schemas[provider]()["required"] == ["city", "country"]


@EACH
@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_is_too_long(client, provider, stream):
    finish = "max_tokens" if provider == "anthropic" else "length"
    asked = {"model": scripted(provider, reply="Once upon", finish=finish), "input": "Tell me."}
    if stream:
        last = list(client.responses.create(stream=True, **asked))[-1]
        assert last.type == "response.incomplete"
        response = last.response
    else:
        response = client.responses.create(**asked)
    assert (response.status, response.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert response.output_text == "Once upon"
    assert Message.objects.get(role="assistant").finish_reason == "length"


def test_openai_is_told_all_as_it_is(client, stub):
    asked = {
        "input": [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}],
        "instructions": "Be kind.",
        "include": ["web_search_call.results"],
        "max_output_tokens": 99,
        "metadata": {"a": "b"},
        "parallel_tool_calls": False,
        "reasoning": {"effort": "xhigh", "summary": "detailed"},
        "service_tier": "flex",
        "store": False,
        "stream_options": {"include_obfuscation": True},
        "text": {"verbosity": "low"},
        "tools": [{"type": "web_search"}, FUNCTION],
        "truncation": "auto",
    }
    model = scripted("openai", **SAYS_HI)
    for stream in (False, True):
        answer = client.responses.create(model=model, stream=stream, extra_body={"invented": [1]}, **asked)
        if stream:
            list(answer)
        [sent] = [request for request in stub.requests if request.body.get("stream", False) is stream]
        expected = {**asked, "invented": [1], "model": model.removeprefix("openai/"), "stream": stream}
        assert (sent.path, sent.body) == ("/v1/responses", expected)
        assert sent.headers["authorization"] == "Bearer sk-test"
    assert not Message.objects.exists()


def test_what_is_not_kept_has_the_vendors_id(client):
    for stream in (False, True):
        asked = {"model": scripted("openai", **SAYS_HI), "input": "Hello", "store": False}
        answer = client.responses.create(stream=stream, **asked)
        response = list(answer)[-1].response if stream else answer
        assert response.id.startswith("resp_stub")


def test_a_vendors_proof_of_its_reasoning_goes_back_to_it(client, stub):
    thinking = {"type": "thinking", "thinking": "Hm.", "signature": "c2lnbmVk"}
    use = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Rome"}}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "thinker", "stop_reason": "tool_use"}
    document = {**message, "content": [thinking, use], "usage": {"input_tokens": 3, "output_tokens": 9}}
    deltas = [{"type": "thinking_delta", "thinking": "Hm."}, {"type": "signature_delta", "signature": "c2lnbmVk"}]
    begun = {"type": "thinking", "thinking": "", "signature": ""}
    streamed = [
        {"type": "message_start", "message": {**document, "content": []}},
        {"type": "content_block_start", "index": 0, "content_block": begun},
        *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
        {"type": "content_block_start", "index": 1, "content_block": use},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}},
        {"type": "message_stop"},
    ]
    chunks = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in streamed]
    recorded = {"status": 200, "headers": {"content-type": "text/event-stream"}, "chunks": chunks}
    stub.recordings["thinker"] = {"stream": recorded}
    include = ["reasoning.encrypted_content"]
    asked = {"model": "anthropic/thinker", "tools": [FUNCTION], "include": include, "store": False}
    for stream in (False, True):
        answer = client.responses.create(input="How is Rome?", stream=stream, **asked)
        response = list(answer)[-1].response if stream else answer
        reasoning, call = response.output
        assert (reasoning.summary[0].text, reasoning.encrypted_content) == ("Hm.", "signed:c2lnbmVk")
        given = [item.model_dump(exclude_none=True) for item in response.output]
        given += [{"type": "function_call_output", "call_id": call.call_id, "output": "Sunny."}]
        client.responses.create(input=[{"role": "user", "content": "How is Rome?"}, *given], **asked)
        assert stub.requests[-1].body["messages"][1]["content"][0] == thinking


def test_the_echo_speaks_it_too(client, echo):
    assert client.responses.create(model="echo/echo-fast", input="Say this").output_text == "Say this"
