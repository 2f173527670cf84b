"""What of search is measured: the first page, for words from rare to common."""

import time
from collections.abc import Iterator

import httpx2

from conversations.benchmarks.chats import log_in, servers
from conversations.benchmarks.search_data import COMMON, MIDDLING, RARE, fill
from perf.benchmarks.cases import Options, Result, percentile
from perf.db.scratch import database_at, scratch_url

BOUND = (RARE, MIDDLING, COMMON)  # what has to be quick; of the others it is only said how quick they are
SEARCHES = {
    "a rare word": RARE,
    "a middling word": MIDDLING,
    "a common word": COMMON,
    "the beginning of a common word": COMMON[:3],
    "three words": f"{COMMON} {MIDDLING} {RARE}",
    "no word of anybody's": "nowhere",
}


def search(options: Options) -> Iterator[Result]:
    """Fill the database of a server, and search it as a user with a fifth of all and as one with 50 conversations."""
    with scratch_url(options.database_url) as url, servers(options, url) as (server, _):
        accounts = {name: log_in(server, name) for name in ("big", "small")}
        ids = {name: _id(server, headers) for name, headers in accounts.items()}
        start = time.perf_counter()
        with database_at(url) as connection:
            fill(connection, messages=options.messages, big=ids["big"], small=ids["small"])
        yield Result(f"writing {options.messages:,} messages", time.perf_counter() - start, "s")
        for name, headers in accounts.items():
            for what, words in SEARCHES.items():
                times = _search(server, headers, words, rounds=max(5, options.rounds // 3))
                figure = f"{what}, the {name} user, first page"
                yield Result(f"{figure}, median", percentile(times, 50), "ms", at_most=50 if words in BOUND else None)
                yield Result(f"{figure}, p95", percentile(times, 95), "ms")


def _id(server: str, headers: dict[str, str]) -> int:
    return int(httpx2.get(f"{server}/api/v1/auth/me", headers=headers).raise_for_status().json()["id"])


def _search(server: str, headers: dict[str, str], words: str, *, rounds: int) -> list[float]:
    times = []
    with httpx2.Client(base_url=f"{server}/api/v1", headers=headers) as client:
        for _ in range(rounds + 1):
            start = time.perf_counter()
            client.get("/conversations", params={"search": words}).raise_for_status()
            times.append((time.perf_counter() - start) * 1000)
    return times[1:]
