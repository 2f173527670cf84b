"""LangChain in all three protocols, with models that speak them and with others: streams, tools, images, schemas."""

import pytest
from django.utils.module_loading import import_string

from conversations.models import Conversation, Message
from tests.conversations.gateway.helpers import PNG, scripted

pytestmark = pytest.mark.django_db(transaction=True)

EACH = pytest.mark.parametrize("provider", ["openai", "anthropic"])
ROME = '{"city":"Rome"}'
IMAGE = {"type": "image", "base64": PNG, "mime_type": "image/png"}  # as LangChain writes images for all vendors


def weather(city: str) -> str:
    """Tells how the weather is."""
    return f"Sunny in {city}."


@pytest.fixture(autouse=True)
def providers(openai, anthropic):
    """Have one provider of each kind."""


@pytest.fixture(params=["completions", "responses", "messages"])
def chat(request, live_server, token):
    """Make a chat model of LangChain that speaks one of the protocols; the import takes two seconds."""

    def make(model):
        common = {"model": model, "api_key": token, "max_retries": 0}
        if request.param == "messages":
            return import_string("langchain_anthropic.ChatAnthropic")(base_url=live_server.url, max_tokens=99, **common)
        made = import_string("langchain_openai.ChatOpenAI")
        url = f"{live_server.url}/v1"
        return made(base_url=url, use_responses_api=request.param == "responses", **common)

    return make


@EACH
def test_it_answers(chat, provider):
    answer = chat(scripted(provider, reply="Hi there, Ann")).invoke([("system", "Be kind."), ("user", "Hello")])
    assert answer.text == "Hi there, Ann"
    usage = answer.usage_metadata
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (3, 3, 6)


@EACH
def test_it_streams(chat, provider):
    pieces = list(chat(scripted(provider, reply="Hi there, Ann")).stream("Hello"))
    assert "".join(piece.text for piece in pieces) == "Hi there, Ann"
    assert len([piece for piece in pieces if piece.text]) == 3


@EACH
@pytest.mark.parametrize("stream", [False, True])
def test_it_calls_tools(chat, provider, stream):
    messages = (
        import_string("langchain_core.messages.HumanMessage"),
        import_string("langchain_core.messages.ToolMessage"),
    )
    human, tool = messages
    model = chat(scripted(provider, tool="weather", arguments=ROME)).bind_tools([weather])
    said = [human("How is Rome?")]
    if stream:
        first, *others = model.stream(said)
        answer = first
        for piece in others:
            answer += piece
    else:
        answer = model.invoke(said)
    [call] = answer.tool_calls
    assert (call["name"], call["args"]) == ("weather", {"city": "Rome"})
    said += [answer, tool(weather(**call["args"]), tool_call_id=call["id"])]
    assert model.invoke(said).text == "Sunny in Rome."
    kept = Message.objects.filter(conversation=Conversation.objects.get()).order_by("created_at", "id")
    assert [row.role for row in kept] == ["user", "assistant", "user", "assistant"]
    assert [[part["type"] for part in row.parts or ()][-1:] for row in kept] == [[], ["tool_call"], ["tool_result"], []]


@EACH
def test_it_shows_images(chat, provider, stub):
    content = [{"type": "text", "text": "What is this?"}, IMAGE]
    answer = chat(scripted(provider, reply="A dot.")).invoke([("user", content)])
    assert answer.text == "A dot."
    assert PNG in str(stub.requests[-1].body)
    assert [part["type"] for part in Message.objects.get(role="user").parts] == ["text", "image"]


@EACH
def test_it_takes_the_form_that_is_wanted(chat, provider):
    schema = {
        "title": "Place",
        "description": "A place.",
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    }
    model = chat(scripted(provider, reply=ROME)).with_structured_output(schema, method="json_schema")
    assert model.invoke("Where is it?") == {"city": "Rome"}


@EACH
def test_it_goes_on_from_a_response(live_server, token, provider, stub):
    made = import_string("langchain_openai.ChatOpenAI")
    common = {"base_url": f"{live_server.url}/v1", "api_key": token, "use_previous_response_id": True}
    model = made(model=scripted(provider, reply="Fine."), use_responses_api=True, max_retries=0, **common)
    first = model.invoke("One?")
    second = model.invoke([("user", "One?"), first, ("user", "Two?")])
    assert (first.text, second.text) == ("Fine.", "Fine.")
    assert Conversation.objects.get().message_count == 4
    assert str(stub.requests[-1].body).count("One?") == 1
