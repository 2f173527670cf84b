"""Requests while Redis is killed, restored with its old data, or full."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial

import httpx2

from conversations.benchmarks.fixture import Deployment, deployment
from conversations.benchmarks.staleness import make_writers, reading_and_writing, summary
from perf.benchmarks.cases import Options, Result
from perf.benchmarks.measuring import percentile
from perf.benchmarks.processes import wait_until
from perf.benchmarks.services import RedisServer, redis_server

USERS = 8
RECOVERY = 5.0  # seconds until health must be ok again


def outage(options: Options) -> Iterator[Result]:
    """Kill Redis under load, start it empty, then with old data, then fill it up; each takes a third of the time."""
    pause = options.seconds / 12
    with (
        redis_server() as server,
        deployment(replace(options, redis_url=server.url), several_workers=True) as site,
    ):
        writers = make_writers(site, USERS)
        for name, fail, repair in _faults(server):
            with reading_and_writing(site, writers) as results, _watching_health(site) as states:
                time.sleep(pause)
                failed_at = time.monotonic()
                fail()
                time.sleep(2 * pause)
                repaired_at = time.monotonic()
                repair()
                time.sleep(pause)
                with suppress(TimeoutError):
                    wait_until(lambda: _health(site) == "ok", "good health", seconds=RECOVERY)
                state_at_the_end = _health(site)
            for result in summary(results):
                yield replace(result, figure=f"{name}: {result.figure}")
            during = [took for each in results for at, took in each.times if failed_at <= at < repaired_at]
            yield Result(f"{name}: p99 meanwhile", percentile(during, 99) * 1000, "ms", at_most=500)
            yield Result(f"{name}: health was not degraded meanwhile", int("degraded" not in states), "", at_most=0)
            yield Result(f"{name}: health was not ok at the end", int(state_at_the_end != "ok"), "", at_most=0)


def _faults(server: RedisServer) -> Iterator[tuple[str, Callable[[], object], Callable[[], object]]]:
    def kill_after_snapshot() -> None:
        server.client.save()
        server.kill()

    yield "killed, and back without data", server.kill, server.start
    yield "killed, and back with old data", kill_after_snapshot, server.start
    limit = partial(server.client.config_set, "maxmemory")
    yield "full", partial(limit, 1), partial(limit, 0)


@contextmanager
def _watching_health(site: Deployment) -> Iterator[set[str]]:
    """Collect the states that /health shows until the end of the block."""
    states: set[str] = set()
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.2):
            states.add(_health(site))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield states
    finally:
        ended.set()
        thread.join()


def _health(site: Deployment) -> str:
    return str(httpx2.get(f"{site.url}/health", timeout=30).json()["status"])
