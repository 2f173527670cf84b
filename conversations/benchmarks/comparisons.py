"""What of comparisons is measured: that models run side by side, and that the leaderboard is quick."""

import asyncio
import json
import random
import statistics
import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import httpx2
from django.contrib.auth.models import User
from django.utils import timezone

from conversations.benchmarks.chats import async_client, log_in, servers
from conversations.comparisons.leaderboard import leaderboard
from conversations.models import Comparison, ComparisonResult
from perf.benchmarks.cases import Options, Result
from perf.db.scratch import scratch_database

MODELS, WAIT = 4, 0.5  # models of a comparison; seconds until each answers
STREAMS, CHUNKS, PACE = 50, 20, 0.1  # streams at once; chunks of each model, and seconds between them
VOTES, PLAYERS = 10_000, 50


def compare(options: Options) -> Iterator[Result]:
    """Compare models that answer after half a second, and hold many four-model streams open."""
    with servers(options) as (url, _):
        headers = log_in(url)
        with httpx2.Client(base_url=f"{url}/api/v1", headers=headers) as client:
            times = [_compare(client) for _ in range(12)][2:]
        yield Result(f"/compare of {MODELS} models answering after {WAIT * 1000:g} ms", max(times), "ms", at_most=600)
        broken, seconds = asyncio.run(_crowd(url, headers))
        yield Result(f"four-model streams of {STREAMS} not complete or out of order", broken, "streams", at_most=0)
        yield Result(f"time of all, {CHUNKS * PACE:g} s of it waiting", seconds, "s")


def votes(options: Options) -> Iterator[Result]:
    """Compute the leaderboard of many votes, without a cache."""
    with scratch_database():
        user = User.objects.create(username="benchmark")
        _vote(user)
        times = []
        for _ in range(max(3, options.rounds // 30)):
            start = time.perf_counter()
            rows = leaderboard(user_id=user.pk)
            times.append((time.perf_counter() - start) * 1000)
    yield Result("models rated", len(rows), "models")
    yield Result(f"leaderboard over {VOTES:,} votes, median", statistics.median(times), "ms", at_most=300)


def _compare(client: httpx2.Client) -> float:
    body = {"prompt": "Hello", "models": [{"provider": "openai", "model": f"stub?first={WAIT}"}] * MODELS}
    start = time.perf_counter()
    answer = client.post("/compare", json=body).raise_for_status().json()
    assert [each["response"] for each in answer["results"]] == ["Hello"] * MODELS  # noqa: S101
    return (time.perf_counter() - start) * 1000


async def _crowd(url: str, headers: dict[str, str]) -> tuple[int, float]:
    async with async_client(url, headers) as client:
        start = time.perf_counter()
        whole = await asyncio.gather(*(_is_whole(client, number) for number in range(STREAMS)))
        return STREAMS - sum(whole), time.perf_counter() - start


async def _is_whole(client: httpx2.AsyncClient, number: int) -> bool:
    """Stream one comparison; tells whether every model's words came in order, and `done` last."""
    prompt = " ".join(f"{number}.{position}" for position in range(CHUNKS))
    body = {"prompt": prompt, "models": [{"provider": "openai", "model": f"stub?delay={PACE}"}] * MODELS}
    texts, last = [""] * MODELS, ""
    async with client.stream("POST", "/compare/stream", json=body) as response:
        async for line in response.aiter_lines():
            if line.startswith("data: "):
                event = json.loads(line.removeprefix("data: "))
                last = event["event"]
                if last == "chunk":
                    texts[event["index"]] += event["chunk"]
    return last == "done" and texts == [prompt] * MODELS


def _vote(user: User) -> None:
    """Store votes between models of different strength, two to four a comparison."""
    dice, now = random.Random(7), timezone.now()  # noqa: S311  # the same data at each run
    comparisons, results = [], []
    for number in range(VOTES):
        players = dice.sample(range(PLAYERS), dice.choice((2, 2, 3, 4)))
        best = max(range(len(players)), key=lambda index: dice.gauss(players[index] / 10, 2))
        voted_at = now - timedelta(minutes=number)
        comparison = Comparison(user=user, prompt="?", preferred_index=best, voted_at=voted_at)
        comparisons.append(comparison)
        for index, player in enumerate(players):
            figures = {"time": dice.random(), "ttft": dice.random(), "cost": Decimal("0.000123")}
            results.append(
                ComparisonResult(comparison=comparison, index=index, provider="p", model=f"m{player}", **figures)
            )
    Comparison.objects.bulk_create(comparisons, batch_size=1000)
    ComparisonResult.objects.bulk_create(results, batch_size=1000)
