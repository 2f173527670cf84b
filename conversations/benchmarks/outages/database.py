"""A database outage under load: errors end when the database is back, and the pool loses no connection."""

import asyncio
import time
from collections.abc import Iterator

from conversations.benchmarks.fixture import STAFF, Deployment, deployment
from conversations.benchmarks.outages.clients import Responses, needs_postgresql, send_until
from perf.benchmarks.cases import Options, Result
from perf.benchmarks.measuring import percentile
from perf.benchmarks.services import PostgreSQLServer, postgresql_server

CLIENTS = 50
QUIET, BEFORE, AFTER = 30.0, 5.0, 15.0  # seconds of load: without an outage, before one, after one
OUTAGES = (3.0, 30.0)  # seconds
GRACE = 5.0  # seconds after the outage in which errors are accepted
UNCACHED = "/conversations?search=sea"  # a list that always reads the database


@needs_postgresql
def outage(options: Options) -> Iterator[Result]:  # noqa: ARG001
    """Load a server, and stop its PostgreSQL server meanwhile."""
    with (
        postgresql_server() as database,
        deployment(Options(), {"DATABASE_URL": database.url, "SERVE_WORKERS": "1"}, provider=False) as site,
    ):
        headers, staff = site.log_in(), site.log_in(STAFF)  # logging in needs the database
        responses = asyncio.run(_load(site, headers, QUIET))
        yield Result(f"{CLIENTS} clients for {QUIET:g} s", len(responses), "requests")
        yield Result("p99", percentile([seconds * 1000 for seconds in responses.times()], 99), "ms")
        yield Result("errors", len(responses) - responses.with_status(200), "requests", at_most=0)
        for length in OUTAGES:
            interrupted = asyncio.run(_interrupted(site, headers, database, length))
            yield from _figures(f"{length:g} s without the database: ", *interrupted)
            yield from _pool(f"after {length:g} s: ", site, staff)


async def _interrupted(
    site: Deployment, headers: dict[str, str], database: PostgreSQLServer, length: float
) -> tuple[Responses, float, float]:
    """Stop the database for `length` seconds under load; returns the responses, and when it stopped and was back."""
    load = asyncio.create_task(_load(site, headers, BEFORE + length + AFTER))
    await asyncio.sleep(BEFORE)
    stopped = time.monotonic()
    await asyncio.to_thread(database.stop)
    await asyncio.sleep(length)
    await asyncio.to_thread(database.start)
    back = time.monotonic()
    return await load, stopped, back


async def _load(site: Deployment, headers: dict[str, str], seconds: float) -> Responses:
    responses, end = Responses(), time.monotonic() + seconds
    async with site.async_client(headers) as client:
        await asyncio.gather(*(send_until(end, client, responses, "GET", [UNCACHED]) for _ in range(CLIENTS)))
    return responses


def _figures(prefix: str, responses: Responses, stopped: float, back: float) -> Iterator[Result]:
    errors = [response for response in responses if response.status != 200]
    late = [response.ended - back for response in errors if response.ended > back]
    meanwhile = [response.seconds for response in responses if stopped < response.ended < back]
    early = sum(response.ended < stopped for response in errors)
    other = sum(response.status != 503 for response in errors)
    yield Result(f"{prefix}requests", len(responses), "requests")
    yield Result(f"{prefix}errors", len(errors), "requests")
    yield Result(f"{prefix}errors before", early, "requests", at_most=0)
    yield Result(f"{prefix}errors other than 503", other, "requests", at_most=0)
    yield Result(f"{prefix}slowest answer meanwhile", max(meanwhile, default=0.0), "s", at_most=GRACE)
    yield Result(f"{prefix}last error after it was back", max(late, default=0.0), "s", at_most=GRACE)


def _pool(prefix: str, site: Deployment, headers: dict[str, str]) -> Iterator[Result]:
    with site.client(headers) as client:
        pool = client.get("/admin/health/detailed").raise_for_status().json()["database"]
    lost = pool["pool_size"] - pool["available"] - pool["checked_out"]
    yield Result(f"{prefix}connections in the pool", pool["pool_size"], "connections")
    yield Result(f"{prefix}fewer than DB_POOL_MIN_SIZE", max(0, pool["pool_min"] - pool["pool_size"]), "", at_most=0)
    yield Result(f"{prefix}checked out, with nobody there", pool["checked_out"], "connections", at_most=0)
    yield Result(f"{prefix}neither available nor checked out", lost, "connections", at_most=0)
