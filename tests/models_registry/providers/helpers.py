"""Clients that talk to the stub, and requests to give them."""

import json
from typing import Any, NamedTuple

from models_registry.calls.usage import Usage
from models_registry.fake_provider import FakeProvider
from models_registry.providers import CLIENTS
from models_registry.providers.base import CompletionStream, Prompt, ProviderClient, Reasoning, Turn

KINDS = ("openai", "anthropic", "gemini", "mistral", "openai_compatible")
WIRES = ("openai", "anthropic")  # one of each wire format, where nothing else matters
KEY = "sk-test-0123456789"


def make(stub: FakeProvider, kind: str, api_key: str = KEY) -> ProviderClient:
    url = stub.anthropic_url if kind == "anthropic" else stub.openai_url
    return CLIENTS[kind](api_key=api_key, base_url=url)


def ask(model: str = "stub", prompt: str = "hello you there", **more: Any) -> tuple[str, Prompt]:
    """Return what `complete` and `stream` take."""
    return model, Prompt(messages=[Turn("user", prompt)], **more)


def drain(stream: CompletionStream) -> tuple[list[str], Exception | None]:
    """Iterate to the end or the error."""
    pieces: list[str] = []
    try:
        for piece in stream:
            pieces.append(piece)  # noqa: PERF402 - extend would lose them at an error
    except Exception as error:
        return pieces, error
    return pieces, None


class Answered(NamedTuple):
    """An answer that was read to its end."""

    text: str
    usage: Usage | None
    reasoning: str = ""
    finish_reason: str | None = "stop"


def whole(client: ProviderClient, model: str, prompt: Prompt) -> Answered:
    """Ask, and wait for all of the answer."""
    stream = client.stream(model, prompt)
    pieces = list(stream)
    text = "".join(piece for piece in pieces if type(piece) is str)
    reasoning = "".join(piece for piece in pieces if isinstance(piece, Reasoning))
    return Answered(text, stream.usage, reasoning, stream.finish_reason)


def sse(*events: Any, done: bool = True, **more: Any) -> dict[str, Any]:
    """Record a stream of events; a text stands for itself."""
    chunks = [event if isinstance(event, str) else f"data: {json.dumps(event)}\n\n" for event in events]
    chunks = [chunk for chunk in chunks if chunk]  # an empty one would end the body
    chunks += ["data: [DONE]\n\n"] if done else []
    return {"stream": {"status": 200, "headers": {"content-type": "text/event-stream"}, "chunks": chunks, **more}}


def document(content: Any, status: int = 200, **headers: str) -> dict[str, Any]:
    """Record one document that answers any request; a text stands for itself, anything else becomes JSON."""
    body = content if isinstance(content, str) else json.dumps(content)
    headers = {"content-type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
    return {"whole": {"status": status, "headers": headers, "chunks": [body], "length": True}}


def delta(content: str | None = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """Write a chunk of OpenAI's."""
    return {"choices": [{"index": 0, "delta": {"content": content, **more}, "finish_reason": finish}]}
