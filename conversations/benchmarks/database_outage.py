"""What of a lost database is measured: errors come only while it is gone, and no slot of the pool is lost."""

import asyncio
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx2

from conversations.benchmarks.chats import async_client, log_in
from perf.benchmarks.cases import Options, Result, percentile
from perf.benchmarks.clusters import Cluster, NoPostgreSQL, cluster
from perf.benchmarks.processes import manage, serving

CLIENTS = 50
PAUSE = 0.02  # seconds between an answer and the next request of a client
QUIET, BEFORE, AFTER = 30.0, 5.0, 15.0  # seconds of load: without an outage, before one, after one
OUTAGES = (3.0, 30.0)  # seconds
GRACE = 5.0  # seconds after its return in which the database's absence may still be felt
UNCACHED = "/conversations?search=sea"  # a list that always reaches the database
ADMIN = "outage-admin"


@dataclass(frozen=True, slots=True)
class Call:
    """One request: when it ended, the seconds it took, and its status (0: no answer)."""

    ended: float
    seconds: float
    status: int


def outage(options: Options) -> Iterator[Result]:  # noqa: ARG001
    """Run a PostgreSQL server of our own, load it, and stop it in the middle."""
    try:
        with cluster() as database, serving({"DATABASE_URL": database.url, "SERVE_WORKERS": "1"}) as url:
            headers = log_in(url)
            watcher = _staff(url, database.url)
            calls = asyncio.run(_load(url, headers, QUIET))
            yield Result(f"{CLIENTS} clients for {QUIET:g} s", len(calls), "requests")
            yield Result("p99", percentile([call.seconds * 1000 for call in calls], 99), "ms")
            yield Result("errors", sum(call.status != 200 for call in calls), "requests", at_most=0)
            for length in OUTAGES:
                calls, gone, back = asyncio.run(_interrupted(url, headers, database, length))
                yield from _judged(f"{length:g} s without the database: ", calls, gone, back)
                yield from _figures(f"after {length:g} s: ", url, watcher)
    except NoPostgreSQL as error:
        print(f"  left out: {error}")  # noqa: T201


async def _interrupted(
    url: str, headers: dict[str, str], database: Cluster, length: float
) -> tuple[list[Call], float, float]:
    """Stop the database for `length` seconds under load; returns the calls, when it went and when it was back."""
    load = asyncio.create_task(_load(url, headers, BEFORE + length + AFTER))
    await asyncio.sleep(BEFORE)
    gone = time.monotonic()
    await asyncio.to_thread(database.stop)
    await asyncio.sleep(length)
    await asyncio.to_thread(database.start)
    back = time.monotonic()
    return await load, gone, back


async def _load(url: str, headers: dict[str, str], seconds: float) -> list[Call]:
    """Let all clients list one after the other's answer for a while."""
    calls: list[Call] = []
    async with async_client(url, headers) as client:
        until = time.monotonic() + seconds
        await asyncio.gather(*(_listing(client, until, calls) for _ in range(CLIENTS)))
    return calls


async def _listing(client: httpx2.AsyncClient, until: float, calls: list[Call]) -> None:
    while (begin := time.monotonic()) < until:
        try:
            status = (await client.get(UNCACHED)).status_code
        except httpx2.HTTPError:
            status = 0
        ended = time.monotonic()
        calls.append(Call(ended, ended - begin, status))
        await asyncio.sleep(PAUSE)


def _judged(what: str, calls: list[Call], gone: float, back: float) -> Iterator[Result]:
    errors = [call for call in calls if call.status != 200]
    late = [call.ended - back for call in errors if call.ended > back]
    meanwhile = [call.seconds for call in calls if gone < call.ended < back]
    yield Result(f"{what}requests", len(calls), "requests")
    yield Result(f"{what}errors", len(errors), "requests")
    yield Result(f"{what}errors before", sum(call.ended < gone for call in errors), "requests", at_most=0)
    yield Result(f"{what}errors other than 503", sum(call.status != 503 for call in errors), "requests", at_most=0)
    yield Result(f"{what}slowest answer meanwhile", max(meanwhile, default=0.0), "s", at_most=GRACE)
    yield Result(f"{what}last error after it was back", max(late, default=0.0), "s", at_most=GRACE)


def _figures(what: str, url: str, headers: dict[str, str]) -> Iterator[Result]:
    answer = httpx2.get(f"{url}/api/v1/admin/health/detailed", headers=headers).raise_for_status().json()
    pool = answer["database"]
    lost = pool["pool_size"] - pool["available"] - pool["checked_out"]
    yield Result(f"{what}connections in the pool", pool["pool_size"], "connections")
    yield Result(f"{what}fewer than DB_POOL_MIN_SIZE", max(0, pool["pool_min"] - pool["pool_size"]), "", at_most=0)
    yield Result(f"{what}checked out, with nobody there", pool["checked_out"], "connections", at_most=0)
    yield Result(f"{what}neither available nor checked out", lost, "connections", at_most=0)


def _staff(url: str, database_url: str) -> dict[str, str]:
    """Make an account that may see the pool, and return its header; it logs in while the database is there."""
    password = secrets.token_urlsafe(16)
    environment = {"DJANGO_SUPERUSER_PASSWORD": password, "DATABASE_URL": database_url}
    manage("createsuperuser", "--noinput", f"--username={ADMIN}", "--email=", environment={**os.environ, **environment})
    credentials = {"username": ADMIN, "password": password}
    answer = httpx2.post(f"{url}/api/v1/auth/login", json=credentials).raise_for_status()
    return {"Authorization": f"Bearer {answer.json()['access']}"}
