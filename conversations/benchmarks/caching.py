"""The hit rate of lists under a mixed load, and the rate of a list with and without its cache."""

import json
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

from conversations.benchmarks.fixture import API, LIST, STAFF, Deployment, deployment
from conversations.benchmarks.staleness import USERS, Writer, make_writers
from perf.benchmarks.cases import Options, Result
from perf.benchmarks.load import LoadResult, drive, request
from perf.benchmarks.measuring import interleaved

LISTS = ("/conversations", "/conversations?page_size=5", "/conversations?provider=openai")
BLOCKS, READS_A_WRITE = 200, 20
CLIENTS, ROUNDS, LISTED = 16, 5, 1000

Load = Callable[[], LoadResult]


def hits(options: Options) -> Iterator[Result]:
    """Read and write as users do; the hit rate of the server's counters must agree with the one of `X-Cache`."""
    with deployment(options, several_workers=True) as site:
        writers = make_writers(site, USERS)
        hits_before, lookups_before = _counted(site)
        load = drive(site.url, mixed_requests(site, writers, LISTS), clients=4, seconds=options.seconds)
        hits_after, lookups_after = _counted(site)
    counted = (hits_after - hits_before) / (lookups_after - lookups_before) * 100
    yield Result("requests", load.answers, "requests")
    yield Result("not answered with 200", load.errors(), "requests", at_most=0)
    yield Result("hit rate by X-Cache", load.hit_rate, "%", at_least=80)
    yield Result("hit rate by /admin/cache/stats", counted, "%", at_least=80)
    yield Result("they differ by", abs(load.hit_rate - counted), "%", at_most=1)


def caching(options: Options) -> Iterator[Result]:  # noqa: ARG001  # for the embedded default only
    """Read one list from two servers in turns; the second does not cache lists."""
    uncached_lists = {"CONVERSATION_CACHE_TTL": "0"}
    with list_loads(Options(), {}, uncached_lists, rows=LISTED, clients=CLIENTS, seconds=2) as (first, second):
        pairs = [(cached.rate, uncached.rate) for cached, uncached in interleaved(first, second, rounds=ROUNDS)]
    yield Result("cached, median", statistics.median(cached for cached, _ in pairs), "requests/s")
    yield Result("not cached, median", statistics.median(uncached for _, uncached in pairs), "requests/s")
    ratio = statistics.median(cached / uncached for cached, uncached in pairs)
    yield Result("cached is faster, median", ratio, "times", at_least=3)


@contextmanager
def list_loads(
    options: Options, *environments: dict[str, str], rows: int, clients: int, seconds: int
) -> Iterator[list[Load]]:
    """Run a server for each environment; yields for each a function that loads its conversation list."""
    with ExitStack() as stack:
        loads: list[Load] = []
        for environment in environments:
            site = stack.enter_context(deployment(options, environment, provider=False))
            headers = site.log_in()
            site.create_conversations(headers, rows, "A conversation about {}")
            sent = [request("GET", site.url + LIST, headers)]
            loads.append(partial(drive, site.url, sent, clients=clients, seconds=seconds))
        yield loads


def mixed_requests(site: Deployment, writers: Sequence[Writer], paths: Sequence[str]) -> list[bytes]:
    """Return requests in a random order, the same at each run: blocks of a user's reads with one write among them."""
    rng, requests = random.Random(1), []  # noqa: S311
    base = site.url + API
    for _ in range(BLOCKS):
        writer = rng.choice(writers)
        block = [request("GET", base + rng.choice(paths), writer.headers) for _ in range(READS_A_WRITE)]
        body = json.dumps({"title": str(rng.random())}).encode()
        write = request("PATCH", f"{base}/conversations/{writer.conversation}", writer.headers, body)
        block.insert(rng.randrange(READS_A_WRITE), write)
        requests += block
    return requests


def _counted(site: Deployment) -> tuple[int, int]:
    """Return the server's counts of hits and look-ups of lists, after every worker has flushed them."""
    time.sleep(2)
    with site.client(site.log_in(STAFF)) as client:
        rows = client.get("/admin/cache/stats").raise_for_status().json()["namespaces"]
    row = next(row for row in rows if row["name"] == "conversations")
    return row["hits"], row["hits"] + row["misses"]
