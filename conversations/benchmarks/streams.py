"""Many streams of chats and comparisons at once: how many are complete, and the time of other requests meanwhile."""

import asyncio
import json
import statistics
import time
from collections.abc import Iterator
from typing import Any

import httpx2

from conversations.benchmarks.fixture import Deployment, deployment
from perf.benchmarks.cases import Options, Result
from perf.benchmarks.measuring import milliseconds, percentile

STREAMS, CHUNKS = 200, 50  # chats at once, chunks of each
PACE = 0.1  # seconds between chunks
SLOTS = 224  # chats at once, of 256 threads
MODELS, WAIT = 4, 0.5  # models of a comparison; seconds until each answers
COMPARISONS, COMPARED_CHUNKS = 50, 20  # comparisons at once, chunks of each model
MODEL = f"stub?delay={PACE}"  # repeats the prompt, a word a chunk


def streams(options: Options) -> Iterator[Result]:
    """Stream many chats at once, check every word of each, and list conversations meanwhile."""
    with deployment(options, several_workers=True) as site:
        headers = site.log_in()
        broken, listed = asyncio.run(_many_chats(site, headers))
        yield Result("streams not complete or out of order", broken, "streams", at_most=0)
        yield Result("conversation list meanwhile, median", statistics.median(listed), "ms")
        yield Result("conversation list meanwhile, p99", percentile(listed, 99), "ms", at_most=150)
        refused, complete = asyncio.run(_one_too_many(site, headers))
        yield Result(f"streams of {SLOTS} not complete", SLOTS - complete, "streams", at_most=0)
        yield Result(f"stream {SLOTS + 1} not refused with 503 server_busy", int(not refused), "streams", at_most=0)


def compare(options: Options) -> Iterator[Result]:
    """Compare models that answer after half a second, then stream many comparisons of four models at once."""
    with deployment(options, several_workers=True) as site:
        headers = site.log_in()
        with site.client(headers) as client:
            times = [milliseconds(lambda: _compare(client)) for _ in range(12)][2:]
        yield Result(f"/compare of {MODELS} models answering after {WAIT * 1000:g} ms", max(times), "ms", at_most=600)
        start = time.perf_counter()
        complete = asyncio.run(_many_comparisons(site, headers))
        seconds = time.perf_counter() - start
        broken = COMPARISONS - complete
        yield Result(f"four-model streams of {COMPARISONS} not complete or out of order", broken, "streams", at_most=0)
        yield Result(f"time of all, {COMPARED_CHUNKS * PACE:g} s of it waiting", seconds, "s")


async def _many_chats(site: Deployment, headers: dict[str, str]) -> tuple[int, list[float]]:
    """Run all chats at once; returns the number of incomplete ones, and the times of lists in ms."""
    async with site.async_client(headers) as client:
        tasks = [asyncio.create_task(_chat_is_complete(client, number)) for number in range(STREAMS)]
        listed: list[float] = []
        while not all(task.done() for task in tasks):
            start = time.perf_counter()
            (await client.get("/conversations")).raise_for_status()
            listed.append((time.perf_counter() - start) * 1000)
            await asyncio.sleep(0.02)
        return STREAMS - sum([await task for task in tasks]), listed


async def _one_too_many(site: Deployment, headers: dict[str, str]) -> tuple[bool, int]:
    """Fill every slot, and start one more chat; returns whether it was refused, and the number of complete ones."""
    async with site.async_client(headers) as client:
        tasks = [asyncio.create_task(_chat_is_complete(client, number)) for number in range(SLOTS)]
        await asyncio.sleep(CHUNKS * PACE / 2)
        answer = await client.post("/chat/stream", json=_chat(_words(SLOTS, CHUNKS)))
        refused = answer.status_code == 503 and answer.json()["error"] == "server_busy"
        return refused, sum([await task for task in tasks])


async def _many_comparisons(site: Deployment, headers: dict[str, str]) -> int:
    """Run all comparisons at once; returns the number of complete ones."""
    async with site.async_client(headers) as client:
        prompts = [_words(number, COMPARED_CHUNKS) for number in range(COMPARISONS)]
        tasks = (
            _is_complete(client, "/compare/stream", _comparison(prompt, MODEL), [prompt] * MODELS) for prompt in prompts
        )
        return sum(await asyncio.gather(*tasks))


def _compare(client: httpx2.Client) -> None:
    answer = client.post("/compare", json=_comparison("Hello", f"stub?first={WAIT}")).raise_for_status().json()
    assert [each["response"] for each in answer["results"]] == ["Hello"] * MODELS  # noqa: S101


async def _chat_is_complete(client: httpx2.AsyncClient, number: int) -> bool:
    words = _words(number, CHUNKS)
    return await _is_complete(client, "/chat/stream", _chat(words), [words])


async def _is_complete(client: httpx2.AsyncClient, path: str, body: dict[str, Any], expected: list[str]) -> bool:
    """Read one stream; tells whether it has the words of each model in order, and `done` at the end."""
    texts, last = [""] * len(expected), ""
    async with client.stream("POST", path, json=body) as response:
        async for line in response.aiter_lines():
            if line.startswith("data: "):
                event = json.loads(line.removeprefix("data: "))
                last = event["event"]
                if last == "chunk":
                    texts[event.get("index", 0)] += event["chunk" if "chunk" in event else "content"]
    return last == "done" and texts == expected


def _chat(message: str) -> dict[str, Any]:
    return {"provider": "openai", "model": MODEL, "message": message}


def _comparison(prompt: str, model: str) -> dict[str, Any]:
    return {"prompt": prompt, "models": [{"provider": "openai", "model": model}] * MODELS}


def _words(number: int, count: int) -> str:
    """Return words that no other stream has."""
    return " ".join(f"{number}.{position}" for position in range(count))
