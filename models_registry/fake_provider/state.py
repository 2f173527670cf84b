"""The state of a fake provider: the last requests, its lists of models, and counts."""

import itertools
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from models_registry.fake_provider.recordings import Recording

MODELS = ("stub", "stub-2")  # of the default lists
KEPT_REQUESTS = 1_000


class ReceivedRequest(NamedTuple):
    """A request; `headers` have lower-case names, `body` is the parsed JSON, None without one."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


def openai_models() -> list[dict[str, Any]]:
    """Return the default items of `GET /v1/models` in OpenAI's format."""
    return [{"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "stub"} for name in MODELS]


def anthropic_models() -> list[dict[str, Any]]:
    """Return the default items of `GET /v1/models` in Anthropic's format."""
    created = "2026-01-01T00:00:00Z"
    return [{"type": "model", "id": name, "display_name": name.title(), "created_at": created} for name in MODELS]


@dataclass
class State:
    """What all connections of one server share; tests read and set it from their own thread.

    `cancelled` counts the clients that disconnected before their response was complete, `failures` the failures
    played for each `id` of a script. `recordings` are what models of these names answer instead, `played` how often.
    """

    openai_models: list[dict[str, Any]] = field(default_factory=openai_models)
    anthropic_models: list[dict[str, Any]] = field(default_factory=anthropic_models)
    failures: Counter[str] = field(default_factory=Counter)
    recordings: dict[str, Recording] = field(default_factory=dict)
    played: Counter[str] = field(default_factory=Counter)
    cancelled: int = 0
    received: deque[ReceivedRequest] = field(default_factory=lambda: deque(maxlen=KEPT_REQUESTS))
    ids: "itertools.count[int]" = field(default_factory=itertools.count)

    @property
    def requests(self) -> list[ReceivedRequest]:
        """The last 1,000 requests, oldest first."""
        return list(self.received)

    def reset(self) -> None:
        """Return to the defaults; response ids go on, and connections stay open."""
        self.openai_models, self.anthropic_models = openai_models(), anthropic_models()
        self.failures.clear()
        self.recordings.clear()
        self.played.clear()
        self.received.clear()
        self.cancelled = 0
