"""What of the caches is measured: that no read is older than a write that was answered before it."""

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx2

from conversations.benchmarks import log_in, servers
from perf.benchmark import Options, Result

USERS, WRITERS, READERS = 20, 8, 8
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
    """What one thread did."""

    reads: int = 0
    writes: int = 0
    hits: int = 0
    stale: int = 0


def staleness(options: Options) -> Iterator[Result]:
    """Write and read at random for a while: one worker, or two where Redis is given."""
    with servers(options) as (url, _):
        accounts = [_account(url, number) for number in range(USERS)]
        until = time.monotonic() + options.seconds
        tallies = [Tally() for _ in range(WRITERS + READERS)]
        threads = [
            threading.Thread(target=_write if number < WRITERS else _read, args=(url, accounts, until, tally))
            for number, tally in enumerate(tallies)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    reads = sum(tally.reads for tally in tallies)
    yield Result("reads", reads, "reads")
    yield Result("writes", sum(tally.writes for tally in tallies), "writes")
    yield Result("hits", sum(tally.hits for tally in tallies), "reads")
    yield Result("stale", sum(tally.stale for tally in tallies), "reads", at_most=0)
    yield Result("missing to enough reads", max(0, options.seconds * ENOUGH_READS - reads), "reads", at_most=0)


def _account(url: str, number: int) -> Account:
    headers = log_in(url, f"benchmark{number}")
    body = {"provider": "openai", "model": "stub", "title": "0"}
    answer = httpx2.post(f"{url}/api/v1/conversations", json=body, headers=headers).raise_for_status()
    return Account(headers, answer.json()["id"])


def _write(url: str, accounts: list[Account], until: float, tally: Tally) -> None:
    dice = random.Random()  # noqa: S311
    with httpx2.Client(base_url=f"{url}/api/v1", timeout=30) as client:
        while time.monotonic() < until:
            account = dice.choice(accounts)
            with account.writing:  # so that titles only grow
                title = account.answered + 1
                path = f"/conversations/{account.conversation}"
                client.patch(path, json={"title": str(title)}, headers=account.headers).raise_for_status()
                account.answered = title
            tally.writes += 1
            time.sleep(dice.random() / 50)


def _read(url: str, accounts: list[Account], until: float, tally: Tally) -> None:
    dice = random.Random()  # noqa: S311
    with httpx2.Client(base_url=f"{url}/api/v1", timeout=30) as client:
        while time.monotonic() < until:
            account = dice.choice(accounts)
            path = dice.choice(
                ("/conversations", "/conversations?page_size=5", f"/conversations/{account.conversation}")
            )
            at_least = account.answered
            answer = client.get(path, headers=account.headers).raise_for_status()
            body = answer.json()
            shown = body["results"][0] if "results" in body else body
            tally.reads += 1
            tally.hits += answer.headers["X-Cache"] == "hit"
            tally.stale += int(shown["title"]) < at_least
