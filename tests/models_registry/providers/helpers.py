"""Clients that talk to the stub, and requests to give them."""

from typing import Any

from models_registry.fake_provider import FakeProvider
from models_registry.providers import CLIENTS
from models_registry.providers.base import CompletionStream, Prompt, ProviderClient, Turn

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
