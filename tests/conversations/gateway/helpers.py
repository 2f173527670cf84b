"""What the tests of the gateway ask, and how they check what is answered against the SDKs' own types."""

import json
from typing import Any
from urllib.parse import urlencode

import httpx2
from anthropic.types import RawMessageStreamEvent
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
RESPONSE_EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "weather", "description": "Tells it.", "parameters": WEATHER}}
FUNCTION = {"type": "function", "name": "weather", "description": "Tells it.", "parameters": WEATHER, "strict": True}
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PDF = "JVBERi0xLjQKJSVFT0YK"


def scripted(provider: str, **script: Any) -> str:
    """Name a model of the fake provider that plays a script."""
    return f"{provider}/stub?{urlencode(script)}"


def user(text: Any) -> dict[str, Any]:
    return {"role": "user", "content": text}


def assistant(text: Any, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": text, **more}


def completion(raw: Any) -> ChatCompletion:
    """Check an answer against OpenAI's types, which its client itself does not."""
    return ChatCompletion.model_validate(raw)


def chunks(stream: Any) -> list[ChatCompletionChunk]:
    """Read a stream to its end and check each chunk against OpenAI's types."""
    return [ChatCompletionChunk.model_validate(chunk.model_dump(exclude_unset=True)) for chunk in stream]


def text_of(read: list[ChatCompletionChunk]) -> str:
    return "".join(choice.delta.content or "" for chunk in read for choice in chunk.choices)


def response_of(raw: Any) -> Response:
    """Check a response against OpenAI's types."""
    return Response.model_validate(raw)


def response_events(response: httpx2.Response) -> list[Any]:
    """Read the events of a response as they are on the wire, and check each against OpenAI's types."""
    read = []
    for block in response.text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            data = json.loads(lines["data"])
            assert data["type"] == lines["event"]
            read.append(RESPONSE_EVENT.validate_python(data))
            assert read[-1].type == data["type"]
    return read


def post_response(live_server: Any, token: str, **body: Any) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx2.post(f"{live_server.url}/v1/responses", json=body, headers=headers)


def events(response):
    """Read the events of a stream as they are on the wire, and check each against Anthropic's types."""
    read = []
    for block in response.text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            data = json.loads(lines["data"])
            assert data["type"] == lines["event"]
            if data["type"] not in ("ping", "error"):
                EVENT.validate_python(data)
            read.append(data)
    return read


def post_message(live_server, token, **body):
    headers = {"x-api-key": token, "anthropic-version": "2023-06-01"}
    return httpx2.post(f"{live_server.url}/v1/messages", json={"max_tokens": 99, **body}, headers=headers)
