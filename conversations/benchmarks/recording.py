"""What always-on timing costs: a request, a statement, and the throughput of the cached list."""

import statistics
from collections.abc import Iterator
from contextlib import ExitStack

import httpx2

from conversations.benchmarks.chats import log_in
from perf.benchmarks.cases import Options, Result
from perf.benchmarks.load import drive, request
from perf.benchmarks.processes import serving
from perf.benchmarks.recording_costs import costs
from perf.db.scratch import scratch_url

ROUNDS, SECONDS, CONNECTIONS, ROWS = 10, 3, 8, 20
PATH = "/api/v1/conversations"


def recording(options: Options) -> Iterator[Result]:
    """Measure in this process, then two servers in turns: one that records and one that does not."""
    yield from costs()
    with ExitStack() as stack:
        urls = []
        for timing in ("true", "false"):
            database = stack.enter_context(scratch_url(options.database_url))
            environment = {"DATABASE_URL": database, "REDIS_URL": options.redis_url or "", "TIMING": timing}
            urls.append(stack.enter_context(serving(environment)))
        requests = [[request("GET", f"{url}{PATH}", _filled(url))] for url in urls]
        pairs: list[tuple[float, float]] = []
        for number in range(ROUNDS + 1):
            order = (0, 1) if number % 2 else (1, 0)
            rates = {
                which: drive(urls[which], requests[which], clients=CONNECTIONS, seconds=SECONDS).rate for which in order
            }
            pairs.append((rates[0], rates[1]))
    pairs = pairs[1:]  # the first warms up
    yield Result("cached list, recording, median", statistics.median(on for on, _ in pairs), "requests/s")
    yield Result("cached list, not recording, median", statistics.median(off for _, off in pairs), "requests/s")
    ratios = sorted(on / off for on, off in pairs)
    yield Result("ratio of a round, lowest", ratios[0], "")
    yield Result("ratio of a round, highest", ratios[-1], "")
    yield Result("throughput lost, median of rounds", 1 - statistics.median(ratios), "of 1", at_most=0.05)


def _filled(url: str) -> dict[str, str]:
    """Make an account with a page of conversations; returns the header that its requests need."""
    headers = log_in(url)
    with httpx2.Client(base_url=url, headers=headers) as client:
        for number in range(ROWS):
            body = {"provider": "openai", "model": "stub", "title": f"A conversation about {number}"}
            client.post(PATH, json=body).raise_for_status()
    return headers
