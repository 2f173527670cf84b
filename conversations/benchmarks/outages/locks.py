"""Requests while somebody locks a table, and the length of SQLite's write-ahead log under constant load."""

import asyncio
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import psycopg

from conversations.benchmarks.fixture import Deployment, deployment
from perf.benchmarks.cases import Options, Result
from perf.benchmarks.measuring import percentile
from perf.benchmarks.services import NoPostgreSQL, postgresql_server

CHATTING, READING = 50, 16  # clients
LOCKED, BEFORE, AFTER = 10.0, 2.0, 3.0  # seconds: the lock, the load before it and after it
PATIENCE = 7.0  # seconds after which everybody has an answer, by DB_LOCK_TIMEOUT of 5 s
LOAD, REST = 20.0, 8.0  # seconds of constant writes and reads, and of none
CHAT = {"provider": "openai", "model": "stub", "message": "Say something short about the sea. " * 10}
LIST = "/conversations"


@dataclass(slots=True)
class _Seen:
    """Answers of one kind of request: when each was asked for, the seconds it took, and its status (0: none)."""

    calls: list[tuple[float, float, int]] = field(default_factory=list)

    def times(self, since: float = 0.0, until: float = float("inf")) -> list[float]:
        return [seconds for asked, seconds, _ in self.calls if since <= asked < until] or [0.0]

    def count(self, *statuses: int, since: float = 0.0) -> int:
        return sum(status in statuses for asked, _, status in self.calls if asked >= since)


def locks(options: Options) -> Iterator[Result]:  # noqa: ARG001
    """Lock the conversations of a PostgreSQL server of our own for 10 s under load."""
    try:
        with postgresql_server() as database, deployment(Options(), {"DATABASE_URL": database.url}) as site:
            with site.client(site.log_in()) as client:
                client.post("/chat", json=CHAT).raise_for_status()
            chats, lists, cached, locked = asyncio.run(_locked(site, database.url))
            kept = _answers(database.url)
    except NoPostgreSQL as error:
        print(f"  left out: {error}")  # noqa: T201
        return
    freed = locked + LOCKED
    both = [*chats.times(locked), *lists.times(locked)]
    yield Result("chats and lists that meet the lock", len(both), "requests")
    yield Result("slowest of them", max(both), "s", at_most=PATIENCE)
    yield Result("503 database_busy", chats.count(503) + lists.count(503), "requests")
    failed = sum(len(each.calls) - each.count(200, 503) for each in (chats, lists))
    yield Result("neither 200 nor 503", failed, "requests", at_most=0)
    yield Result("slowest that was asked for after it was free", max([*chats.times(freed), *lists.times(freed)]), "s")
    yield Result("cached lists meanwhile", len(cached.times(locked, freed)), "requests")
    yield Result("cached lists, p99", percentile(cached.times(locked, freed), 99) * 1000, "ms", at_most=500)
    yield Result("cached lists that failed", len(cached.calls) - cached.count(200), "requests", at_most=0)
    yield Result("acknowledged chats that are lost", chats.count(200) + 1 - kept, "chats", at_most=0)


def write_ahead_log(options: Options) -> Iterator[Result]:  # noqa: ARG001
    """Chat and list on SQLite by 16 clients without a pause, and look at the log; then leave it alone."""
    with deployment(Options()) as site:
        log = Path(f"{site.environment['DATABASE_URL'].removeprefix('sqlite:///')}-wal")
        chats, lists, peak = asyncio.run(_constant(site, log))
        time.sleep(REST)
        idle = log.stat().st_size
    yield Result("chats", chats.count(200) / LOAD, "1/s")
    yield Result("chats, p99", percentile(chats.times(), 99) * 1000, "ms")
    yield Result("lists", lists.count(200) / LOAD, "1/s")
    yield Result("failed", len(chats.calls) + len(lists.calls) - chats.count(200) - lists.count(200), "", at_most=0)
    yield Result("longest log", peak / 1e6, "MB", at_most=64)
    yield Result(f"log after {REST:g} s of rest", idle / 1e6, "MB", at_most=4)


async def _locked(site: Deployment, database: str) -> tuple[_Seen, _Seen, _Seen, float]:
    chats, lists, cached = _Seen(), _Seen(), _Seen()
    until = time.monotonic() + BEFORE + LOCKED + AFTER
    async with site.async_client(site.log_in()) as busy, site.async_client(site.log_in("reader")) as calm:
        await calm.get(LIST)
        load = asyncio.gather(
            *(_ask(busy, chats, until, "POST", ["/chat"]) for _ in range(CHATTING // 2)),
            *(_ask(busy, lists, until, "GET", _searches(number)) for number in range(CHATTING // 2)),
            *(_ask(calm, cached, until, "GET", [LIST]) for _ in range(READING)),
        )
        await asyncio.sleep(BEFORE)
        async with await psycopg.AsyncConnection.connect(database) as own:
            await own.execute("LOCK TABLE conversations_conversation IN ACCESS EXCLUSIVE MODE")
            locked = time.monotonic()
            await asyncio.sleep(LOCKED)
        await load
    return chats, lists, cached, locked


async def _constant(site: Deployment, log: Path) -> tuple[_Seen, _Seen, int]:
    chats, lists, peak = _Seen(), _Seen(), 0
    until = time.monotonic() + LOAD
    async with site.async_client(site.log_in()) as client:
        load = asyncio.gather(
            *(_ask(client, chats, until, "POST", ["/chat"], pause=0.0) for _ in range(8)),
            *(_ask(client, lists, until, "GET", [LIST, *_searches(number)], pause=0.0) for number in range(8)),
        )
        while time.monotonic() < until:
            peak = max(peak, log.stat().st_size if log.exists() else 0)
            await asyncio.sleep(0.05)
        await load
    return chats, lists, peak


async def _ask(
    client: httpx2.AsyncClient, seen: _Seen, until: float, method: str, paths: list[str], *, pause: float = 0.02
) -> None:
    """Ask one thing after the other until it is time."""
    for path in itertools.cycle(paths):
        if (begin := time.monotonic()) >= until:
            return
        try:
            status = (await client.request(method, path, json=CHAT if method == "POST" else None)).status_code
        except httpx2.HTTPError:
            status = 0
        seen.calls.append((begin, time.monotonic() - begin, status))
        await asyncio.sleep(pause)


def _searches(number: int) -> list[str]:
    """Write lists that no cache keeps."""
    return [f"{LIST}?search=sea{number}", f"{LIST}?search=something"]


def _answers(database: str) -> int:
    with psycopg.connect(database) as server:
        row = server.execute("SELECT count(*) FROM conversations_message WHERE role = 'assistant'").fetchone()
        return int(row[0]) if row else 0
