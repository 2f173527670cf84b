"""The endpoints that `manage.py benchmark http` drives, what each is sent, and what it must reach."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from conversations.benchmarks.chats import MESSAGE
from conversations.benchmarks.fixture import LIST, Deployment
from models_registry.fake_provider.script import WORDS
from perf.benchmarks.answers import Answer, record
from perf.benchmarks.load import request
from perf.benchmarks.processes import RunningServer

STREAMED = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
CHUNKS = len(WORDS.findall(STREAMED))
DONE = b'"event":"done"'


@dataclass(frozen=True, slots=True)
class Site:
    """Two servers on one database, some conversations of the account that asks, and the header of its requests."""

    cached: Deployment
    uncached: Deployment
    conversations: list[str]
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A kind of request, and its goals at 16 clients: shares of the ceiling's throughput, and requests a second."""

    summary: str
    paths: Callable[[Site], list[str]]
    body: dict[str, Any] | None = None
    more_headers: Callable[[Site], dict[str, str]] = field(default=lambda _: {})
    uncached: bool = False
    status: int = 200
    ending: bytes = b""
    share: float | None = None  # %
    share_of_services: float | None = None  # % on PostgreSQL and Redis
    rate: float | None = None

    def server(self, site: Site) -> RunningServer:
        """Return the server that is asked."""
        return (site.uncached if self.uncached else site.cached).server

    def sent(self, site: Site) -> tuple[str, dict[str, str], bytes]:
        """Return method, header fields and body."""
        body = json.dumps(self.body).encode() if self.body else b""
        return "POST" if body else "GET", {**site.headers, **self.more_headers(site)}, body

    def recorded(self, site: Site) -> Answer:
        """Ask, and return the answer, which the ceiling repeats."""
        method, headers, body = self.sent(site)
        answer = record(method, self.server(site).url + self.paths(site)[0], headers, body)
        assert answer.status == self.status, answer  # noqa: S101  # failures would be quick
        return answer

    def requests(self, site: Site) -> list[bytes]:
        """Write the requests to the server."""
        method, headers, body = self.sent(site)
        return [request(method, self.server(site).url + path, headers, body) for path in self.paths(site)]


def _etag(site: Site) -> dict[str, str]:
    return {"If-None-Match": record("GET", site.cached.url + LIST, site.headers).headers["etag"]}


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
        lambda site: [f"{LIST}/{each}" for each in site.conversations],
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
