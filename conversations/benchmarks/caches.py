"""What of the caches is measured: that nothing read is stale, how often they hit, and what a hit brings."""

import json
import os
import random
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import httpx2

from conversations.benchmarks.chats import log_in, servers
from perf.benchmarks.cases import Options, Result
from perf.benchmarks.load import drive, request
from perf.benchmarks.processes import STAFF, serving

USERS, WRITERS, READERS = 20, 8, 8
QUERIES = ("", "?page_size=5", "?provider=openai")
READS_A_WRITE = 20
CLIENTS, ROUNDS, LISTED = 16, 5, 1000
ENOUGH_READS = 20_000 / 60  # a second


@dataclass(slots=True)
class Account:
    """A user with one conversation, whose title counts the writes."""

    headers: dict[str, str]
    conversation: str
    answered: int = 0
    writing: threading.Lock = field(default_factory=threading.Lock)


@dataclass(slots=True)
class Tally:
    """What one thread did; `times` are when each request began, and the seconds it took."""

    reads: int = 0
    writes: int = 0
    hits: int = 0
    stale: int = 0
    failed: int = 0
    times: list[tuple[float, float]] = field(default_factory=list)


Step = Callable[[httpx2.Client, Account, random.Random, Tally], None]


def staleness(options: Options) -> Iterator[Result]:
    """Write and read at random for a while: one worker, or two where Redis is given."""
    with servers(options) as (url, _), reading_and_writing(url, make_accounts(url, USERS)) as tallies:
        time.sleep(options.seconds)
    yield from what_was_read(tallies)
    yield Result(
        "reads for each of the seconds", sum(t.reads for t in tallies) / options.seconds, "reads", at_least=ENOUGH_READS
    )


@contextmanager
def reading_and_writing(url: str, accounts: list[Account]) -> Iterator[list[Tally]]:
    """Have threads write and read at random until the end of the block; their tallies are whole after it."""
    ended = threading.Event()
    tallies = [Tally() for _ in range(WRITERS + READERS)]
    threads = [
        threading.Thread(target=_work, args=(_write if number < WRITERS else _read, url, accounts, ended, tally))
        for number, tally in enumerate(tallies)
    ]
    for thread in threads:
        thread.start()
    try:
        yield tallies
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def what_was_read(tallies: list[Tally]) -> Iterator[Result]:
    """Say what a load saw, and that none of it was stale or refused."""
    yield Result("reads", sum(tally.reads for tally in tallies), "reads")
    yield Result("writes", sum(tally.writes for tally in tallies), "writes")
    yield Result("hits", sum(tally.hits for tally in tallies), "reads")
    yield Result("stale", sum(tally.stale for tally in tallies), "reads", at_most=0)
    yield Result("failed", sum(tally.failed for tally in tallies), "requests", at_most=0)


def make_accounts(url: str, count: int) -> list[Account]:
    """Make users, each with one conversation, on a scratch server; hashing their passwords takes most of the time."""
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(lambda number: _account(url, number), range(count)))


def _account(url: str, number: int) -> Account:
    headers = log_in(url, f"benchmark{number}")
    body = {"provider": "openai", "model": "stub", "title": "0"}
    answer = httpx2.post(f"{url}/api/v1/conversations", json=body, headers=headers).raise_for_status()
    return Account(headers, answer.json()["id"])


def _work(step: Step, url: str, accounts: list[Account], ended: threading.Event, tally: Tally) -> None:
    dice = random.Random()  # noqa: S311
    with httpx2.Client(base_url=f"{url}/api/v1", timeout=30) as client:
        while not ended.is_set():
            start = time.monotonic()
            try:
                step(client, dice.choice(accounts), dice, tally)
            except httpx2.HTTPError:
                tally.failed += 1
            tally.times.append((start, time.monotonic() - start))
            if step is _write:
                time.sleep(dice.random() / 50)


def _write(client: httpx2.Client, account: Account, dice: random.Random, tally: Tally) -> None:  # noqa: ARG001
    with account.writing:  # so that titles only grow
        title = account.answered + 1
        path = f"/conversations/{account.conversation}"
        client.patch(path, json={"title": str(title)}, headers=account.headers).raise_for_status()
        account.answered = title
    tally.writes += 1


def _read(client: httpx2.Client, account: Account, dice: random.Random, tally: Tally) -> None:
    path = dice.choice(("/conversations", "/conversations?page_size=5", f"/conversations/{account.conversation}"))
    at_least = account.answered
    answer = client.get(path, headers=account.headers).raise_for_status()
    body = answer.json()
    shown = body["results"][0] if "results" in body else body
    tally.reads += 1
    tally.hits += answer.headers["X-Cache"] == "hit"
    tally.stale += int(shown["title"]) < at_least


def hits(options: Options) -> Iterator[Result]:
    """Read and write in the proportion of people at work; the server's own count must agree with what was seen."""
    with servers(options) as (url, _):
        accounts = make_accounts(url, USERS)
        before = _counted(url)
        tally = drive(url, mixed(url, accounts), clients=4, seconds=options.seconds)
        after = _counted(url)
    lookups = after["hits"] + after["misses"] - before["hits"] - before["misses"]
    counted = (after["hits"] - before["hits"]) / lookups
    seen = tally.caches["hit"] / tally.caches.total()
    yield Result("requests", tally.statuses.total(), "requests")
    yield Result(
        "not answered with 200", tally.failed + tally.statuses.total() - tally.statuses[200], "requests", at_most=0
    )
    yield Result("hit rate by X-Cache", seen * 100, "%", at_least=80)
    yield Result("hit rate by /admin/cache/stats", counted * 100, "%", at_least=80)
    yield Result("they differ by", abs(seen - counted) * 100, "%", at_most=1)


def caching(options: Options) -> Iterator[Result]:  # noqa: ARG001  # it is about the embedded default
    """Read one list from two servers in turns, one of which does not cache lists."""
    with ExitStack() as stack:
        loads = []
        for environment in ({}, {"CONVERSATION_CACHE_TTL": "0"}):
            url = stack.enter_context(serving(environment))
            headers = log_in(url)
            _fill(url, headers)
            loads.append((url, [request("GET", f"{url}/api/v1/conversations", headers)]))
        rates = [
            [drive(url, requests, clients=CLIENTS, seconds=2).rate for url, requests in loads] for _ in range(ROUNDS)
        ]
    cached, uncached = (statistics.median(each) for each in zip(*rates, strict=True))
    yield Result("cached, median", cached, "requests/s")
    yield Result("not cached, median", uncached, "requests/s")
    yield Result("cached is faster, median", statistics.median(a / b for a, b in rates), "times", at_least=3)


def mixed(url: str, accounts: list[Account], lists: Sequence[str] = QUERIES, others: Sequence[str] = ()) -> list[bytes]:
    """Write some thousand requests in a random order that stays the same: turns of a user's reads and a write.

    Read are `lists`, queries of the conversation list, and `others`, paths of the API.
    """
    dice, requests = random.Random(1), []  # noqa: S311
    paths = [f"/conversations{query}" for query in lists] + list(others)
    for _ in range(200):
        account = dice.choice(accounts)
        base = f"{url}/api/v1"
        turn = [request("GET", base + dice.choice(paths), account.headers) for _ in range(READS_A_WRITE)]
        body = json.dumps({"title": str(dice.random())}).encode()
        write = request("PATCH", f"{base}/conversations/{account.conversation}", account.headers, body)
        turn.insert(dice.randrange(READS_A_WRITE), write)
        requests += turn
    return requests


def _counted(url: str) -> dict[str, int]:
    """Ask the server what it counted for lists of conversations, once every worker has handed it on."""
    time.sleep(2)
    name, password = STAFF
    with httpx2.Client(base_url=f"{url}/api/v1") as client:
        login = client.post("/auth/login", json={"username": name, "password": password}).raise_for_status()
        headers = {"Authorization": f"Bearer {login.json()['access']}"}
        rows = client.get("/admin/cache/stats", headers=headers).raise_for_status().json()["namespaces"]
    return next(row for row in rows if row["name"] == "conversations")


def _fill(url: str, headers: dict[str, str]) -> None:
    with httpx2.Client(base_url=f"{url}/api/v1", headers=headers) as client:
        for number in range(LISTED):
            body = {"provider": "openai", "model": "stub", "title": f"conversation {number}"}
            client.post("/conversations", json=body).raise_for_status()
