"""What of conversations is measured: the time a chat adds, and many streams at once."""

import asyncio
import json
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from typing import Any

import httpx2

from perf.benchmarks.cases import Options, Result, percentile
from perf.benchmarks.processes import free_port, running, serving, wait_for
from perf.db.scratch import scratch_url

PASSWORD = "a password for one run"  # noqa: S105  # of accounts that live as long as the run
STREAMS, CHUNKS, PACE = 200, 50, 0.1  # streams at once, chunks each, seconds between chunks
SLOTS = 224  # what 256 threads leave to chats
MESSAGE = "Say something short about the sea."


@contextmanager
def servers(options: Options, database: str | None = None) -> Iterator[tuple[str, str]]:
    """Run the scripted provider and the server in processes of their own; yields both base URLs.

    The server gets the empty `database`, or one of its own where the options say.
    """
    port = free_port()
    provider = f"http://127.0.0.1:{port}/v1"
    environment = {"OPENAI_BASE_URL": provider, "OPENAI_API_KEY": "benchmark"}
    if options.database_url:
        environment |= {"DB_POOL_MIN_SIZE": "5", "DB_POOL_MAX_SIZE": "10"}
    if options.redis_url:
        environment |= {"REDIS_URL": options.redis_url, "SERVE_WORKERS": "2"}
    with ExitStack() as stack:
        environment["DATABASE_URL"] = database or stack.enter_context(scratch_url(options.database_url))
        stack.enter_context(running("stub_provider", "--port", str(port)))
        wait_for(f"{provider}/models")
        yield stack.enter_context(serving(environment)), provider


def log_in(url: str, name: str = "benchmark") -> dict[str, str]:
    """Make an account and return the header that its requests need."""
    with httpx2.Client(base_url=f"{url}/api/v1") as client:
        credentials = {"username": name, "password": PASSWORD}
        client.post("/auth/register", json=credentials)
        access = client.post("/auth/login", json=credentials).raise_for_status().json()["access"]
    return {"Authorization": f"Bearer {access}"}


def chat(options: Options) -> Iterator[Result]:
    """Call the SDK and POST /chat in turns, on the same provider."""
    with servers(options) as (url, provider):
        pairs = added_by_chat(url, provider, log_in(url), rounds=options.rounds)
    yield Result("bare SDK, median", statistics.median(pair[0] for pair in pairs), "ms")
    yield Result("POST /chat, median", statistics.median(pair[1] for pair in pairs), "ms")
    yield Result("added, median of pairs", statistics.median(b - a for a, b in pairs), "ms", at_most=3)


def added_by_chat(url: str, provider: str, login: dict[str, str], *, rounds: int) -> list[tuple[float, float]]:
    """Return what the bare SDK's call took and what POST /chat took, in ms, round by round."""
    from openai import OpenAI  # what only tests and benchmarks install: requirements-test.txt

    sdk = OpenAI(api_key="benchmark", base_url=provider)
    # The bare socket of the standard library: a client of ours would be measured as time of the server.
    connection = HTTPConnection(url.removeprefix("http://"))
    headers = {**login, "Content-Type": "application/json"}
    body = json.dumps({"provider": "openai", "model": "stub", "message": MESSAGE})

    def bare() -> None:
        sdk.chat.completions.create(model="stub", messages=[{"role": "user", "content": MESSAGE}])

    def ours() -> None:
        connection.request("POST", "/api/v1/chat", body, headers)
        answer = json.load(connection.getresponse())
        assert answer["response"] == MESSAGE, answer  # noqa: S101  # a measurement of failures would mislead

    for call in (bare, ours) * 5:
        call()
    return [(_timed(bare), _timed(ours)) for _ in range(rounds)]


def streams(options: Options) -> Iterator[Result]:
    """Hold many streams open, check every word of each, and list conversations meanwhile."""
    with servers(options) as (url, _):
        headers = log_in(url)
        broken, listed = asyncio.run(_crowd(url, headers))
        yield Result("streams not complete or out of order", broken, "streams", at_most=0)
        yield Result("conversation list meanwhile, median", statistics.median(listed), "ms")
        yield Result("conversation list meanwhile, p99", percentile(listed, 99), "ms", at_most=150)
        refused, complete = asyncio.run(_overfull(url, headers))
        yield Result(f"streams of {SLOTS} not complete", SLOTS - complete, "streams", at_most=0)
        yield Result(f"stream {SLOTS + 1} not refused with 503 server_busy", int(not refused), "streams", at_most=0)


def _timed(call: Any) -> float:
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000


def async_client(url: str, headers: dict[str, str]) -> httpx2.AsyncClient:
    """Make a client of the API with as many connections as it takes."""
    limits = httpx2.Limits(max_connections=None)
    return httpx2.AsyncClient(base_url=f"{url}/api/v1", headers=headers, limits=limits, timeout=60)


async def _crowd(url: str, headers: dict[str, str]) -> tuple[int, list[float]]:
    """Run all streams at once; returns how many went wrong, and the times of lists in ms."""
    async with async_client(url, headers) as client:
        under_way = [asyncio.create_task(_is_whole(client, number)) for number in range(STREAMS)]
        listed: list[float] = []
        while not all(task.done() for task in under_way):
            start = time.perf_counter()
            (await client.get("/conversations")).raise_for_status()
            listed.append((time.perf_counter() - start) * 1000)
            await asyncio.sleep(0.02)
        whole = [await task for task in under_way]
    return STREAMS - sum(whole), listed


async def _overfull(url: str, headers: dict[str, str]) -> tuple[bool, int]:
    """Fill every slot, ask for one more; returns whether that was refused, and how many others ended well."""
    async with async_client(url, headers) as client:
        under_way = [asyncio.create_task(_is_whole(client, number)) for number in range(SLOTS)]
        await asyncio.sleep(CHUNKS * PACE / 2)
        answer = await client.post("/chat/stream", json=_body(SLOTS))
        refused = answer.status_code == 503 and answer.json()["error"] == "server_busy"
        return refused, sum([await task for task in under_way])


async def _is_whole(client: httpx2.AsyncClient, number: int) -> bool:
    """Stream one chat; tells whether every word came, in order, and `done` last."""
    text, last = [], ""
    async with client.stream("POST", "/chat/stream", json=_body(number)) as response:
        async for line in response.aiter_lines():
            if line.startswith("data: "):
                event = json.loads(line.removeprefix("data: "))
                last = event["event"]
                text.append(event.get("content", ""))
    return last == "done" and "".join(text) == _words(number)


def _body(number: int) -> dict[str, str]:
    return {"provider": "openai", "model": f"stub?delay={PACE}", "message": _words(number)}


def _words(number: int) -> str:
    return " ".join(f"{number}.{position}" for position in range(CHUNKS))
