"""The time that a chat adds to a call of the provider, and the first chat after a start beside the later ones."""

import json
import statistics
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import NamedTuple

import httpx2

from conversations.benchmarks.fixture import API, Deployment, deployment
from perf.benchmarks.cases import Options, Result
from perf.benchmarks.measuring import interleaved, milliseconds

MESSAGE = "Say something short about the sea."
WARM_UP = 5  # rounds
KINDS = ("openai", "anthropic")
STARTS, CHATS = 5, 5  # servers for each kind, chats on each


class Start(NamedTuple):
    """The first chats on a new server: their times in ms, and its worker's memory before and after them in MB."""

    chats: list[float]
    idle: float
    used: float


def chat(options: Options) -> Iterator[Result]:
    """Call the SDK and POST /chat in turns, on the same provider."""
    with deployment(options, several_workers=True) as site:
        pairs = added_by_chat(site, site.log_in(), rounds=options.rounds)
    yield Result("bare SDK, median", statistics.median(bare for bare, _ in pairs), "ms")
    yield Result("POST /chat, median", statistics.median(ours for _, ours in pairs), "ms")
    yield Result("added, median of pairs", statistics.median(ours - bare for bare, ours in pairs), "ms", at_most=3)


def added_by_chat(site: Deployment, headers: dict[str, str], *, rounds: int) -> list[tuple[float, float]]:
    """Return the times of the bare SDK's call and of POST /chat, in ms, round by round."""
    from openai import OpenAI  # installed for tests and benchmarks only: requirements-test.txt

    sdk = OpenAI(api_key="benchmark", base_url=site.provider)
    # The standard library's client: the time of a slower client would count as the server's.
    connection = HTTPConnection(site.url.removeprefix("http://"))
    headers = {**headers, "Content-Type": "application/json"}
    body = json.dumps({"provider": "openai", "model": "stub", "message": MESSAGE})

    def bare() -> None:
        sdk.chat.completions.create(model="stub", messages=[{"role": "user", "content": MESSAGE}])

    def ours() -> None:
        connection.request("POST", f"{API}/chat", body, headers)
        answer = json.load(connection.getresponse())
        assert answer["response"] == MESSAGE, answer  # noqa: S101  # failures would be quick

    return interleaved(lambda: milliseconds(bare), lambda: milliseconds(ours), rounds=rounds, warm_up=WARM_UP)


def first_chat(options: Options) -> Iterator[Result]:
    """Start servers, and chat as soon as they respond, by each wire format."""
    with deployment(options, {"SERVE_WORKERS": "1", "ANTHROPIC_API_KEY": "benchmark"}) as site:
        headers = site.log_in()
        provider = {"ANTHROPIC_BASE_URL": site.provider.removesuffix("/v1")}
        starts = [(kind, _start(site, kind, headers, provider)) for _ in range(STARTS) for kind in KINDS]
    for kind in KINDS:
        chosen = [start for name, start in starts if name == kind]
        first, second = ([start.chats[number] for start in chosen] for number in (0, 1))
        more = statistics.median(a - b for a, b in zip(first, second, strict=True))
        yield Result(f"{kind}: first chat, median", statistics.median(first), "ms")
        yield Result(f"{kind}: second chat, median", statistics.median(second), "ms")
        yield Result(f"{kind}: what the first takes longer, median of pairs", more, "ms", at_most=100)
        yield Result(f"{kind}: idle memory, worst", max(start.idle for start in chosen), "MB", at_most=110)
        yield Result(f"{kind}: memory after chats, worst", max(start.used for start in chosen), "MB")


def _start(site: Deployment, kind: str, headers: dict[str, str], environment: dict[str, str]) -> Start:
    with site.another(environment) as server, server.client(headers) as client:
        client.get("/conversations").raise_for_status()
        idle = max(server.memory())
        chats = [milliseconds(lambda: _chat(client, kind)) for _ in range(CHATS)]
        return Start(chats, idle, max(server.memory()))


def _chat(client: httpx2.Client, kind: str) -> None:
    answer = client.post("/chat", json={"provider": kind, "model": "stub", "message": MESSAGE}).raise_for_status()
    assert answer.json()["response"] == MESSAGE, answer.text  # noqa: S101  # failures would be quick
