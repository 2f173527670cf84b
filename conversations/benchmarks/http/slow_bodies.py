"""`manage.py benchmark slow-bodies`: other requests beside 1,000 clients that send their bodies a byte a second."""

import time
from collections.abc import Iterator

import httpx2

from conversations.benchmarks.fixture import PASSWORD, deployment
from perf.benchmarks.cases import Note, Options, Output, Result, Row
from perf.benchmarks.load import generator, request
from perf.benchmarks.measuring import percentile
from perf.benchmarks.slow_clients import head, slow_clients

CLIENTS, PAUSE = 1000, 1.0  # slow clients, seconds between two bytes of each
GATHERING = 5.0  # seconds until all slow clients are connected
READERS, SECONDS = 4, 5.0  # clients that read meanwhile, seconds for each path
LOGINS = 5
SLOWEST = 500.0  # ms, the goal for 99 of 100 answers
NAME = "benchmark"  # of the account that logs in
LOGIN = "/api/v1/auth/login"


def slow_bodies(options: Options) -> Iterator[Output]:
    """Request health, the model list and a conversation list, and log in, with slow clients and without."""
    with deployment(options, several_workers=True) as site:
        url, headers = site.url, site.log_in(NAME)
        attacks: dict[str, tuple[list[bytes], float | None]] = {
            "nobody": ([], None),
            "login, a byte a second": ([head(url, "POST", LOGIN, chunked=False)], PAUSE),
            "any path, chunked": (
                [head(url, "POST", path, chunked=True) for path in (LOGIN, "/api/v1/chat", "/nothing")],
                PAUSE,
            ),
            "login, silent": ([head(url, "POST", LOGIN, chunked=False)], None),
        }
        yield Note(f"{CLIENTS:,} clients that come again as soon as their connection is closed; p99 of others in ms.")
        for name, (heads, pause) in attacks.items():
            yield from _under(name, url, headers, heads, pause)


def _under(name: str, url: str, headers: dict[str, str], heads: list[bytes], pause: float | None) -> Iterator[Output]:
    paths = {"/health/live": {}, "/health": {}, "/api/v1/models": {}, "/api/v1/conversations": headers}
    lasts = GATHERING + len(paths) * (SECONDS + 3) + LOGINS * 5
    with (
        slow_clients(url, heads, clients=CLIENTS if heads else 0, seconds=lasts, pause=pause) as end,
        generator() as run,
    ):
        time.sleep(GATHERING if heads else 0)
        figures = []
        for path, sent in paths.items():
            load = run(url, [request("GET", url + path, sent)], clients=READERS, seconds=SECONDS)
            slow = percentile([1000 * seconds for seconds in load.times], 99) if load.times else 1000 * load.lasted
            figures.append(Result(path.rpartition("/")[2], slow, "ms", at_most=SLOWEST))
        figures.append(Result("slowest login", max(_log_in(url) for _ in range(LOGINS)), "s", at_most=2))
        yield Row(name, tuple(figures))
        result = end()
    if heads:
        yield Note(
            f"{name}: {result.connected:,} connections, answers {dict(sorted(result.statuses.items()))}, "
            f"{result.closed:,} closed, the last {max(result.closed_after, default=0):.1f} s after its answer"
        )


def _log_in(url: str) -> float:
    """Return the seconds that a login takes; raises when it fails."""
    start = time.perf_counter()
    httpx2.post(url + LOGIN, json={"username": NAME, "password": PASSWORD}, timeout=30).raise_for_status()
    return time.perf_counter() - start
