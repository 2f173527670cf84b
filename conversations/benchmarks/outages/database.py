"""A lost database under load: errors come only while it is gone, and no connection of the pool is lost."""

import asyncio
import time
from collections.abc import Iterator
from typing import NamedTuple

import httpx2

from conversations.benchmarks.fixture import STAFF, Deployment, deployment
from perf.benchmarks.cases import Options, Result
from perf.benchmarks.measuring import percentile
from perf.benchmarks.services import NoPostgreSQL, PostgreSQLServer, postgresql_server

CLIENTS = 50
PAUSE = 0.02  # seconds between an answer and the next request of a client
QUIET, BEFORE, AFTER = 30.0, 5.0, 15.0  # seconds of load: without an outage, before one, after one
OUTAGES = (3.0, 30.0)  # seconds
GRACE = 5.0  # seconds after its return in which the database's absence may still be felt
UNCACHED = "/conversations?search=sea"  # a list that always reaches the database


class TimedAnswer(NamedTuple):
    """When an answer ended, the seconds it took, and its status (0: no answer)."""

    ended: float
    seconds: float
    status: int


def outage(options: Options) -> Iterator[Result]:  # noqa: ARG001
    """Run a PostgreSQL server of our own, load it, and stop it in the middle."""
    try:
        with (
            postgresql_server() as database,
            deployment(Options(), {"DATABASE_URL": database.url, "SERVE_WORKERS": "1"}, provider=False) as site,
        ):
            headers, watcher = site.log_in(), site.log_in(STAFF)  # while the database is there
            answers = asyncio.run(_load(site, headers, QUIET))
            yield Result(f"{CLIENTS} clients for {QUIET:g} s", len(answers), "requests")
            yield Result("p99", percentile([answer.seconds * 1000 for answer in answers], 99), "ms")
            yield Result("errors", sum(answer.status != 200 for answer in answers), "requests", at_most=0)
            for length in OUTAGES:
                interrupted = asyncio.run(_interrupted(site, headers, database, length))
                yield from _judged(f"{length:g} s without the database: ", *interrupted)
                yield from _pool(f"after {length:g} s: ", site, watcher)
    except NoPostgreSQL as error:
        print(f"  left out: {error}")  # noqa: T201


async def _interrupted(
    site: Deployment, headers: dict[str, str], database: PostgreSQLServer, length: float
) -> tuple[list[TimedAnswer], float, float]:
    """Stop the database for `length` seconds under load; returns the answers, when it went and when it was back."""
    load = asyncio.create_task(_load(site, headers, BEFORE + length + AFTER))
    await asyncio.sleep(BEFORE)
    gone = time.monotonic()
    await asyncio.to_thread(database.stop)
    await asyncio.sleep(length)
    await asyncio.to_thread(database.start)
    back = time.monotonic()
    return await load, gone, back


async def _load(site: Deployment, headers: dict[str, str], seconds: float) -> list[TimedAnswer]:
    """Let all clients ask for a list again and again."""
    answers: list[TimedAnswer] = []
    until = time.monotonic() + seconds

    async def ask() -> None:
        while (begin := time.monotonic()) < until:
            try:
                status = (await client.get(UNCACHED)).status_code
            except httpx2.HTTPError:
                status = 0
            ended = time.monotonic()
            answers.append(TimedAnswer(ended, ended - begin, status))
            await asyncio.sleep(PAUSE)

    async with site.async_client(headers) as client:
        await asyncio.gather(*(ask() for _ in range(CLIENTS)))
    return answers


def _judged(what: str, answers: list[TimedAnswer], gone: float, back: float) -> Iterator[Result]:
    errors = [answer for answer in answers if answer.status != 200]
    late = [answer.ended - back for answer in errors if answer.ended > back]
    meanwhile = [answer.seconds for answer in answers if gone < answer.ended < back]
    yield Result(f"{what}requests", len(answers), "requests")
    yield Result(f"{what}errors", len(errors), "requests")
    yield Result(f"{what}errors before", sum(answer.ended < gone for answer in errors), "requests", at_most=0)
    yield Result(f"{what}errors other than 503", sum(answer.status != 503 for answer in errors), "requests", at_most=0)
    yield Result(f"{what}slowest answer meanwhile", max(meanwhile, default=0.0), "s", at_most=GRACE)
    yield Result(f"{what}last error after it was back", max(late, default=0.0), "s", at_most=GRACE)


def _pool(what: str, site: Deployment, headers: dict[str, str]) -> Iterator[Result]:
    with site.client(headers) as client:
        pool = client.get("/admin/health/detailed").raise_for_status().json()["database"]
    lost = pool["pool_size"] - pool["available"] - pool["checked_out"]
    yield Result(f"{what}connections in the pool", pool["pool_size"], "connections")
    yield Result(f"{what}fewer than DB_POOL_MIN_SIZE", max(0, pool["pool_min"] - pool["pool_size"]), "", at_most=0)
    yield Result(f"{what}checked out, with nobody there", pool["checked_out"], "connections", at_most=0)
    yield Result(f"{what}neither available nor checked out", lost, "connections", at_most=0)
