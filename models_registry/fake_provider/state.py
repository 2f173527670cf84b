"""What the stub remembers: the last requests, the lists of models, failures still owed, clients that went away."""

import itertools
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from models_registry.fake_provider.recordings import Recording


class Received(NamedTuple):
    """A request as the stub got it; `body` is the parsed JSON, None without one."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


def openai_models() -> list[dict[str, Any]]:
    """Make the list of models that `GET /v1/models` answers by default, in OpenAI's shape."""
    return [
        {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "stub"} for name in ("stub", "stub-2")
    ]


def anthropic_models() -> list[dict[str, Any]]:
    """Make the same list in Anthropic's shape."""
    return [
        {"type": "model", "id": name, "display_name": name.title(), "created_at": "2026-01-01T00:00:00Z"}
        for name in ("stub", "stub-2")
    ]


@dataclass(slots=True)
class State:
    """Shared by all connections of one server; tests read and set it from their own thread."""

    requests: deque[Received] = field(default_factory=lambda: deque(maxlen=1_000))
    openai_models: list[dict[str, Any]] = field(default_factory=openai_models)
    anthropic_models: list[dict[str, Any]] = field(default_factory=anthropic_models)
    failures: Counter[str] = field(default_factory=Counter)
    recordings: dict[str, Recording] = field(default_factory=dict)
    played: Counter[str] = field(default_factory=Counter)
    cancelled: int = 0
    ids: "itertools.count[int]" = field(default_factory=itertools.count)

    def reset(self) -> None:
        """Forget everything but the connections."""
        self.requests.clear()
        self.failures.clear()
        self.recordings.clear()
        self.played.clear()
        self.cancelled = 0
        self.openai_models = openai_models()
        self.anthropic_models = anthropic_models()
