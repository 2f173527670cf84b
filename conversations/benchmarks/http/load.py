"""`manage.py benchmark http`: endpoints under load over HTTP, each beside the ceiling of its own bytes."""

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from django.conf import settings
from tqdm import tqdm

from conversations.benchmarks.demo.seed import Amount, seed
from conversations.benchmarks.fixture import account, deployment
from conversations.benchmarks.http.endpoints import ENDPOINTS, Endpoint, ServerPair
from conversations.benchmarks.http.goals import GOALS, Run
from conversations.benchmarks.http.rival import beside_litellm
from perf.benchmarks import answers
from perf.benchmarks.answers import RecordedAnswer
from perf.benchmarks.cases import Note, Options, Output, Result, Row
from perf.benchmarks.load import LoadResult, generator, request
from perf.benchmarks.measuring import percentile
from perf.benchmarks.processes import RunningServer, ceiling
from perf.db.scratch import database_at

SHARE = 100  # of so many of `--messages`, one is in the database
LENGTH = 10  # messages of a conversation
DETAILS = 50  # conversations that are read in turns
ACCOUNT = "demo-001"
CLIENTS = (1, 16, 64)
GOAL_AT = 16  # clients
LITELLM = "litellm"
ROUNDS = 3
WARM_UP = 0.25  # seconds


@dataclass(slots=True)
class LoadedServer:
    """A server, the requests that it is sent, and the results and CPU seconds of each round."""

    server: RunningServer
    requests: list[bytes]
    ending: bytes
    rounds: list[LoadResult] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def load(self, run: Run, clients: int, seconds: float) -> None:
        """Run one round."""
        before = self.server.cpu_seconds()
        self.rounds.append(run(self.server.url, self.requests, clients=clients, seconds=seconds, ending=self.ending))
        self.cpu.append(self.server.cpu_seconds() - before)

    @property
    def rate(self) -> float:
        """Answers a second, median of the rounds."""
        return statistics.median(load.rate for load in self.rounds)

    @property
    def cpu_share(self) -> float:
        """CPU time of the workers in % of one core, median of the rounds."""
        return statistics.median(cpu / load.lasted * 100 for cpu, load in zip(self.cpu, self.rounds, strict=True))

    def errors(self, status: int) -> int:
        """Count the requests without a complete answer of this status."""
        return sum(load.errors(status) for load in self.rounds)


def http(options: Options) -> Iterator[Output]:
    """Start the servers, and load one endpoint after the other, in turns with its ceiling."""
    chosen = options.chosen([*ENDPOINTS, *GOALS, *([LITELLM] if options.litellm else [])])
    endpoints = [name for name in chosen if name in ENDPOINTS]
    conversations = options.messages // SHARE // LENGTH
    yield Note(
        "One worker, production settings, all middleware, limits off; the account that asks has "
        f"{conversations:,} conversations of 10 messages."
    )
    yield Note("The ceiling: Django without middleware, one view that returns the same bytes and header fields.")
    for name in endpoints:
        yield Note(f"{name}: {ENDPOINTS[name].summary}")
    with _server_pair(options, conversations) as servers, generator() as run:
        if endpoints:
            yield from _loaded(endpoints, servers, run, options)
        for name in chosen:
            if name in GOALS:
                yield GOALS[name](_logged_in(servers), run, options)
            if name == LITELLM:
                yield from beside_litellm(_logged_in(servers), run, options)


@contextmanager
def _server_pair(options: Options, conversations: int) -> Iterator[ServerPair]:
    """Run two servers on a database in which an account has this number of conversations."""
    with deployment(options) as cached, cached.another({"CONVERSATION_CACHE_TTL": "0"}) as uncached:
        with database_at(cached.environment["DATABASE_URL"]):
            seed(Amount(users=1, conversations=conversations, messages=LENGTH, comparisons=0))
            account(ACCOUNT)
        headers = cached.log_in(ACCOUNT)
        with cached.client(headers) as client:
            rows = client.get("/conversations", params={"page_size": DETAILS}).raise_for_status().json()["results"]
        yield ServerPair(cached, uncached, [row["id"] for row in rows], headers)


def _logged_in(servers: ServerPair) -> ServerPair:
    """Log in again, since a token expires after a quarter of an hour."""
    return replace(servers, headers=servers.cached.log_in(ACCOUNT))


def _loaded(endpoints: list[str], servers: ServerPair, run: Run, options: Options) -> Iterator[Row]:
    recorded = {f"/{name}": ENDPOINTS[name].recorded(servers) for name in endpoints}
    with tempfile.TemporaryDirectory(prefix="llmselect-") as folder:
        file = Path(folder) / "answers.json"
        answers.write(file, {"/": RecordedAnswer(200, {}, []), **recorded})
        with (
            ceiling(file, settings.SERVE_THREADS) as ceiling_server,
            tqdm(total=len(endpoints) * len(CLIENTS), disable=None, leave=False) as bar,
        ):
            for name in endpoints:
                bar.set_description(name)
                endpoint, servers = ENDPOINTS[name], _logged_in(servers)
                method, headers, body = endpoint.sent(servers)
                top = LoadedServer(
                    ceiling_server, [request(method, f"{ceiling_server.url}/{name}", headers, body)], endpoint.ending
                )
                ours = LoadedServer(endpoint.server(servers), endpoint.requests(servers), endpoint.ending)
                for clients in CLIENTS:
                    _race(ours, top, run, clients, options.seconds / 50)
                    bar.update()
                    yield Row(f"{name}, {clients}", tuple(_figures(endpoint, ours, top, clients, options)))


def _race(ours: LoadedServer, top: LoadedServer, run: Run, clients: int, seconds: float) -> None:
    """Load both servers in turns, after a warm-up."""
    for side in (ours, top):
        side.load(run, clients, min(WARM_UP, seconds))
        side.rounds.clear()
        side.cpu.clear()
    for _ in range(ROUNDS):
        ours.load(run, clients, seconds)
        top.load(run, clients, seconds)


def _figures(
    endpoint: Endpoint, ours: LoadedServer, top: LoadedServer, clients: int, options: Options
) -> Iterator[Result]:
    times = [took * 1000 for load in ours.rounds for took in load.times] or [0.0]
    is_goal = clients == GOAL_AT
    services = options.database_url is not None and options.redis_url is not None
    share = endpoint.share if options.embedded else endpoint.share_of_services if services else None
    yield Result("rate", ours.rate, "/s", at_least=options.goal(endpoint.rate) if is_goal else None)
    for percent in (50, 95, 99):
        yield Result(f"p{percent}", percentile(times, percent), "ms")
    yield Result("errors", ours.errors(endpoint.status), "", at_most=0)
    yield Result("CPU", ours.cpu_share, "%")
    yield Result("CPU each", sum(ours.cpu) / max(sum(load.answers for load in ours.rounds), 1) * 1_000_000, "µs")
    yield Result("memory", statistics.fmean(ours.server.memory()), "MB")
    yield Result("ceiling", top.rate, "/s")
    yield Result("its CPU", top.cpu_share, "%")
    yield Result("its errors", top.errors(endpoint.status), "", at_most=0)
    pairs = zip(ours.rounds, top.rounds, strict=True)
    ratios = [mine.rate / theirs.rate * 100 if theirs.rate else 0.0 for mine, theirs in pairs]
    yield Result("share", statistics.median(ratios), "%", at_least=share if is_goal else None)
