"""Requests while a table is locked, and the size of SQLite's write-ahead log under constant load."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from conversations.benchmarks.fixture import Deployment, deployment
from conversations.benchmarks.outages.clients import CHAT, Responses, needs_postgresql, send_until
from perf.benchmarks.cases import Options, Result
from perf.benchmarks.measuring import percentile
from perf.benchmarks.services import postgresql_server

CHATTING, READING = 50, 16  # clients
LOCKED, BEFORE, AFTER = 10.0, 2.0, 3.0  # seconds: the lock, the load before it and after it
SLOWEST = 7.0  # seconds until the last response, with a DB_LOCK_TIMEOUT of 5 s
LOAD, REST = 20.0, 8.0  # seconds of constant writes and reads, and of none
LIST = "/conversations"


@needs_postgresql
def locks(options: Options) -> Iterator[Result]:  # noqa: ARG001
    """Lock the table of conversations for 10 s under load, on a PostgreSQL server of this case."""
    with postgresql_server() as database, deployment(Options(), {"DATABASE_URL": database.url}) as site:
        with site.client(site.log_in()) as client:
            client.post("/chat", json=CHAT).raise_for_status()
        chats, lists, cached, locked = asyncio.run(_locked(site, database.url))
        stored = _stored_answers(database.url)
    freed = locked + LOCKED
    both = [*chats.times(locked), *lists.times(locked)]
    yield Result("chats and lists that meet the lock", len(both), "requests")
    yield Result("slowest of them", max(both), "s", at_most=SLOWEST)
    yield Result("503 database_busy", chats.with_status(503) + lists.with_status(503), "requests")
    failed = sum(len(each) - each.with_status(200, 503) for each in (chats, lists))
    yield Result("neither 200 nor 503", failed, "requests", at_most=0)
    yield Result("slowest that was asked for after it was free", max([*chats.times(freed), *lists.times(freed)]), "s")
    yield Result("cached lists meanwhile", len(cached.times(locked, freed)), "requests")
    yield Result("cached lists, p99", percentile(cached.times(locked, freed), 99) * 1000, "ms", at_most=500)
    yield Result("cached lists that failed", len(cached) - cached.with_status(200), "requests", at_most=0)
    yield Result("acknowledged chats that are lost", chats.with_status(200) + 1 - stored, "chats", at_most=0)


def write_ahead_log(options: Options) -> Iterator[Result]:  # noqa: ARG001
    """Chat and list on SQLite by 16 clients without a pause, and measure the log then and after a rest."""
    with deployment(Options()) as site:
        log = Path(f"{site.environment['DATABASE_URL'].removeprefix('sqlite:///')}-wal")
        chats, lists, peak = asyncio.run(_constant(site, log))
        time.sleep(REST)
        idle = log.stat().st_size
    yield Result("chats", chats.with_status(200) / LOAD, "1/s")
    yield Result("chats, p99", percentile(chats.times(), 99) * 1000, "ms")
    yield Result("lists", lists.with_status(200) / LOAD, "1/s")
    yield Result("failed", len(chats) + len(lists) - chats.with_status(200) - lists.with_status(200), "", at_most=0)
    yield Result("longest log", peak / 1e6, "MB", at_most=64)
    yield Result(f"log after {REST:g} s of rest", idle / 1e6, "MB", at_most=4)


async def _locked(site: Deployment, database: str) -> tuple[Responses, Responses, Responses, float]:
    """Lock the table under load; returns the responses to chats, to lists and to cached lists, and when it began."""
    chats, lists, cached = Responses(), Responses(), Responses()
    end = time.monotonic() + BEFORE + LOCKED + AFTER
    async with site.async_client(site.log_in()) as busy, site.async_client(site.log_in("reader")) as reader:
        await reader.get(LIST)
        load = asyncio.gather(
            *(send_until(end, busy, chats, "POST", ["/chat"]) for _ in range(CHATTING // 2)),
            *(send_until(end, busy, lists, "GET", _searches(number)) for number in range(CHATTING // 2)),
            *(send_until(end, reader, cached, "GET", [LIST]) for _ in range(READING)),
        )
        await asyncio.sleep(BEFORE)
        async with await psycopg.AsyncConnection.connect(database) as connection:
            await connection.execute("LOCK TABLE conversations_conversation IN ACCESS EXCLUSIVE MODE")
            locked = time.monotonic()
            await asyncio.sleep(LOCKED)
        await load
    return chats, lists, cached, locked


async def _constant(site: Deployment, log: Path) -> tuple[Responses, Responses, int]:
    """Chat and list; returns the responses to each, and the largest size of the log in bytes."""
    chats, lists, peak = Responses(), Responses(), 0
    end = time.monotonic() + LOAD
    async with site.async_client(site.log_in()) as client:
        load = asyncio.gather(
            *(send_until(end, client, chats, "POST", ["/chat"], pause=0.0) for _ in range(8)),
            *(send_until(end, client, lists, "GET", [LIST, *_searches(number)], pause=0.0) for number in range(8)),
        )
        while time.monotonic() < end:
            peak = max(peak, log.stat().st_size if log.exists() else 0)
            await asyncio.sleep(0.05)
        await load
    return chats, lists, peak


def _searches(number: int) -> list[str]:
    """Return paths of lists that are never cached."""
    return [f"{LIST}?search=sea{number}", f"{LIST}?search=something"]


def _stored_answers(database: str) -> int:
    with psycopg.connect(database) as server:
        row = server.execute("SELECT count(*) FROM conversations_message WHERE role = 'assistant'").fetchone()
        return int(row[0]) if row else 0
