"""The endpoints of `manage.py benchmark http`, their requests and their goals."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from conversations.benchmarks.chats import MESSAGE
from conversations.benchmarks.fixture import LIST, Deployment
from models_registry.fake_provider.script import WORDS
from perf.benchmarks.answers import RecordedAnswer, record
from perf.benchmarks.load import request

STREAMED = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
CHUNKS = len(WORDS.findall(STREAMED))
DONE = b'"event":"done"'


@dataclass(frozen=True, slots=True)
class ServerPair:
    """Two servers on one database, ids of the account's conversations, and the header that authenticates it."""

    cached: Deployment
    uncached: Deployment
    conversations: list[str]
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A kind of request, and its goals at 16 clients: shares of the ceiling's rate, and requests a second."""

    summary: str
    paths: Callable[[ServerPair], list[str]]
    body: dict[str, Any] | None = None
    more_headers: Callable[[ServerPair], dict[str, str]] = field(default=lambda _: {})
    uncached: bool = False
    status: int = 200
    ending: bytes = b""
    share: float | None = None  # %
    share_of_services: float | None = None  # % on PostgreSQL and Redis
    rate: float | None = None

    def server(self, servers: ServerPair) -> Deployment:
        """Return the server that the requests go to."""
        return servers.uncached if self.uncached else servers.cached

    def sent(self, servers: ServerPair) -> tuple[str, dict[str, str], bytes]:
        """Return method, header fields and body."""
        body = json.dumps(self.body).encode() if self.body else b""
        return "POST" if body else "GET", {**servers.headers, **self.more_headers(servers)}, body

    def recorded(self, servers: ServerPair) -> RecordedAnswer:
        """Send one request, and return the answer, which the ceiling repeats."""
        method, headers, body = self.sent(servers)
        answer = record(method, self.server(servers).url + self.paths(servers)[0], headers, body)
        assert answer.status == self.status, answer  # noqa: S101  # failures would be quick
        return answer

    def requests(self, servers: ServerPair) -> list[bytes]:
        """Return the requests as bytes."""
        method, headers, body = self.sent(servers)
        return [request(method, self.server(servers).url + path, headers, body) for path in self.paths(servers)]


def _etag(servers: ServerPair) -> dict[str, str]:
    return {"If-None-Match": record("GET", servers.cached.url + LIST, servers.headers).headers["etag"]}


def _chat(**fields: Any) -> dict[str, Any]:
    return {"provider": "openai", "model": "stub", **fields}


ENDPOINTS = {
    "cached": Endpoint("the conversation list, 20 rows", lambda _: [LIST], share=30, share_of_services=16),
    "revalidated": Endpoint(
        "the same with If-None-Match: 304",
        lambda _: [LIST],
        more_headers=_etag,
        status=304,
        share=30,
        share_of_services=16,
    ),
    "uncached": Endpoint("the same, cache off", lambda _: [LIST], uncached=True, share=6),
    "detail": Endpoint(
        "a conversation with 10 messages, cache off",
        lambda servers: [f"{LIST}/{each}" for each in servers.conversations],
        uncached=True,
        share=6,
    ),
    "models": Endpoint("the model list, all of it", lambda _: ["/api/v1/models"], share=30),
    "chat": Endpoint("a chat, both messages kept", lambda _: ["/api/v1/chat"], body=_chat(message=MESSAGE), rate=250),
    "chat-stream": Endpoint(
        f"a streamed chat of {CHUNKS} chunks",
        lambda _: ["/api/v1/chat/stream"],
        body=_chat(message=STREAMED),
        ending=DONE,
    ),
    "compare": Endpoint(
        "a comparison of two models",
        lambda _: ["/api/v1/compare"],
        body={"prompt": MESSAGE, "models": [{"provider": "openai", "model": name} for name in ("stub", "stub-2")]},
    ),
}
