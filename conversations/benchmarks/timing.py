"""The cost of recording timings, and how close the shown percentiles are to those of clients."""

import json
import statistics
import time
from collections.abc import Iterator

from conversations.benchmarks.caching import list_loads
from conversations.benchmarks.fixture import API, STAFF, Deployment, deployment
from perf.benchmarks.cases import Options, Result
from perf.benchmarks.load import drive, request
from perf.benchmarks.measuring import interleaved, percentile
from perf.benchmarks.recording_costs import costs

ROUNDS, ROUND_SECONDS, ROWS = 10, 3, 20
CLIENTS, SECONDS = 8, 20.0
MODEL = "stub?delay=0.04&chunks=1"  # LLMSelect takes the rest of 50 ms
FLUSHED = 12.0  # seconds until the figures of every worker are flushed
ROUTE = ("POST", "api/v1/chat")
TOLERANCE = 10.0  # percent


def recording(options: Options) -> Iterator[Result]:
    """Measure the recorder in this process, then two servers in turns: the first records timings."""
    yield from costs()
    on, off = {"TIMING": "true"}, {"TIMING": "false"}
    with list_loads(options, on, off, rows=ROWS, clients=CLIENTS, seconds=ROUND_SECONDS) as (timed, untimed):
        pairs = [(one.rate, other.rate) for one, other in interleaved(timed, untimed, rounds=ROUNDS, warm_up=1)]
    yield Result("cached list, recording, median", statistics.median(rate for rate, _ in pairs), "requests/s")
    yield Result("cached list, not recording, median", statistics.median(rate for _, rate in pairs), "requests/s")
    ratios = sorted(one / other for one, other in pairs)
    yield Result("ratio of a round, lowest", ratios[0], "")
    yield Result("ratio of a round, highest", ratios[-1], "")
    yield Result("throughput lost, median of rounds", 1 - statistics.median(ratios), "of 1", at_most=0.05)


def accuracy(options: Options) -> Iterator[Result]:
    """Chat with a model that takes some 50 ms, and compare the times of clients with those shown to staff."""
    with deployment(options, several_workers=True) as site:
        url = f"{site.url}{API}/chat"
        body = json.dumps({"provider": "openai", "model": MODEL, "message": "one"}).encode()
        chats = [request("POST", url, site.log_in(f"user{number}"), body) for number in range(CLIENTS)]
        drive(url, chats, clients=CLIENTS, seconds=1.0)
        time.sleep(60 - time.time() % 60)  # figures are stored by the minute
        seen = drive(url, chats, clients=CLIENTS, seconds=SECONDS)
        time.sleep(FLUSHED)
        shown = _shown_to_staff(site)
    yield Result("answers that were not 200", float(seen.errors()), "", at_most=0)
    for percent in (50, 95, 99):
        there, here = percentile(seen.times, percent), shown[f"p{percent}"]
        yield Result(f"p{percent} seen by {CLIENTS} clients", there * 1000, "ms")
        yield Result(f"p{percent} shown", here * 1000, "ms")
        yield Result(f"p{percent} apart", abs(here - there) / there * 100, "%", at_most=TOLERANCE)


def _shown_to_staff(site: Deployment) -> dict[str, float]:
    """Return the percentiles of the route in this minute."""
    since = time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime())
    with site.client(site.log_in(STAFF)) as client:
        rows = client.get("/admin/perf/requests", params={"since": since}).raise_for_status().json()["results"]
    (times,) = [row["times"] for row in rows if (row["method"], row["route"]) == ROUTE]
    return dict(times)
