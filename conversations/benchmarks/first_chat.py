"""What the first chat after a start takes, beside those that follow."""

import statistics
import time
from collections.abc import Iterator
from typing import NamedTuple

import httpx2

from conversations.benchmarks.chats import MESSAGE
from conversations.benchmarks.fixture import Deployment, deployment
from perf.benchmarks.cases import Options, Result

KINDS = ("openai", "anthropic")
STARTS, CHATS = 5, 5  # servers for each kind, chats on each


class Start(NamedTuple):
    """A server's start: the times of its first chats in ms, and what its worker kept in RAM before and after, in MB."""

    chats: list[float]
    idle: float
    used: float


def first_chat(options: Options) -> Iterator[Result]:
    """Start servers and chat at once with a provider on this machine, by each wire format."""
    with deployment(options, {"SERVE_WORKERS": "1", "ANTHROPIC_API_KEY": "benchmark"}) as site:
        headers = site.log_in()
        provider = {"ANTHROPIC_BASE_URL": site.provider.removesuffix("/v1")}
        starts = [(kind, _start(site, kind, headers, provider)) for _ in range(STARTS) for kind in KINDS]
    for kind in KINDS:
        yield from _figures(kind, [start for name, start in starts if name == kind])


def _start(site: Deployment, kind: str, headers: dict[str, str], environment: dict[str, str]) -> Start:
    """Start a server and chat with a provider of `kind` as soon as it answers."""
    with site.another(environment) as fresh, fresh.client(headers) as client:
        client.get("/conversations").raise_for_status()
        idle = max(fresh.memory())
        chats = [_chat(client, kind) for _ in range(CHATS)]
        return Start(chats, idle, max(fresh.memory()))


def _chat(client: httpx2.Client, kind: str) -> float:
    """Chat once; returns the milliseconds."""
    begin = time.perf_counter()
    answer = client.post("/chat", json={"provider": kind, "model": "stub", "message": MESSAGE}).raise_for_status()
    took = (time.perf_counter() - begin) * 1000
    assert answer.json()["response"] == MESSAGE, answer.text  # noqa: S101  # a measurement of failures would mislead
    return took


def _figures(kind: str, starts: list[Start]) -> Iterator[Result]:
    first, second = ([start.chats[number] for start in starts] for number in (0, 1))
    yield Result(f"{kind}: first chat, median", statistics.median(first), "ms")
    yield Result(f"{kind}: second chat, median", statistics.median(second), "ms")
    more = statistics.median(a - b for a, b in zip(first, second, strict=True))
    yield Result(f"{kind}: what the first takes longer, median of pairs", more, "ms", at_most=100)
    yield Result(f"{kind}: idle memory, worst", max(start.idle for start in starts), "MB", at_most=110)
    yield Result(f"{kind}: memory after chats, worst", max(start.used for start in starts), "MB")
