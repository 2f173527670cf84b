"""Whether the percentiles that are shown are those that clients see, on a route that takes some 50 ms."""

import json
import time
from collections.abc import Iterator

import httpx2

from conversations.benchmarks.chats import log_in, servers
from perf.benchmarks.cases import Options, Result, percentile
from perf.benchmarks.load import drive, request
from perf.benchmarks.processes import STAFF

CLIENTS, SECONDS = 8, 20.0
MODEL = "stub?delay=0.04&chunks=1"  # the rest of 50 ms is ours
HANDED_ON = 12.0  # seconds until another worker's figures have arrived
ROUTE = ("POST", "api/v1/chat")
APART = 10.0  # percent


def accuracy(options: Options) -> Iterator[Result]:
    """Chat with a model that takes its time from 8 clients, and compare."""
    with servers(options) as (url, _):
        body = json.dumps({"provider": "openai", "model": MODEL, "message": "one"}).encode()
        chats = [request("POST", f"{url}/api/v1/chat", log_in(url, f"user{n}"), body) for n in range(CLIENTS)]
        drive(url, chats, clients=CLIENTS, seconds=1.0)
        time.sleep(60 - time.time() % 60)  # figures are told apart by the minute
        seen = drive(url, chats, clients=CLIENTS, seconds=SECONDS)
        time.sleep(HANDED_ON)
        shown = _shown(url)
    yield Result("answers that were not 200", float(seen.failed + seen.answers - seen.statuses[200]), "", at_most=0)
    for percent in (50, 95, 99):
        there = percentile(seen.times, percent)
        here = shown[f"p{percent}"]
        yield Result(f"p{percent} seen by {CLIENTS} clients", there * 1000, "ms")
        yield Result(f"p{percent} shown", here * 1000, "ms")
        yield Result(f"p{percent} apart", abs(here - there) / there * 100, "%", at_most=APART)


def _shown(url: str) -> dict[str, float]:
    """Read the times of the route in this minute."""
    name, password = STAFF
    with httpx2.Client(base_url=f"{url}/api/v1") as client:
        answer = client.post("/auth/login", json={"username": name, "password": password}).raise_for_status()
        headers = {"Authorization": f"Bearer {answer.json()['access']}"}
        since = time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime())
        rows = client.get("/admin/perf/requests", params={"since": since}, headers=headers).json()["results"]
    (times,) = [row["times"] for row in rows if (row["method"], row["route"]) == ROUTE]
    return dict(times)
