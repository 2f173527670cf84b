"""The rest of the predecessor's table: what only servers, vendors and the middleware itself can show."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import httpx2
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils.module_loading import import_string
from tqdm import tqdm

from conversations.benchmarks.caches import READS_A_WRITE, USERS, make_accounts, mixed
from models_registry.fake_provider.server import StubServer
from models_registry.providers import CLIENTS
from perf.benchmarks.cases import Note, Options, Output, Result, Row, percentile
from perf.benchmarks.load import Tally, generator
from perf.benchmarks.processes import serving
from perf.db.scratch import scratch_url

UNCACHED = {"CONVERSATION_CACHE_TTL": "0", "MODEL_CACHE_TTL": "0", "REDIS_URL": ""}
CLIENTS_AT_ONCE, ROUNDS = 4, 3
LISTS = ("", "?provider=openai")  # of conversations
MODEL_READS = 50
PATIENCE = 20.0  # seconds
INSTRUMENT = "perf.middleware.TimingMiddleware"
QUERIES_A_REQUEST = 2


def requests(options: Options) -> Iterator[Output]:
    """Send the same mixed load to a server with caches and to one without, in turns."""
    best = (1 - len(LISTS) / READS_A_WRITE) * 100
    yield Note(
        f"requests: {USERS} people, {CLIENTS_AT_ONCE} at once, read the model list and {len(LISTS)} lists of their "
        f"conversations, {READS_A_WRITE} reads a write, after which each of those misses once: at best {best:g} % hit. "
        "Before, taken away: the caches."
    )
    with ExitStack() as stack:
        run = stack.enter_context(generator())
        loads = [
            _load(stack, options, environment) for environment in (UNCACHED, {"REDIS_URL": options.redis_url or ""})
        ]
        rounds: list[list[Tally]] = [[], []]
        for _ in tqdm(range(ROUNDS), desc="requests", disable=None, leave=False):
            for tallies, (url, load) in zip(rounds, loads, strict=True):
                seconds = options.seconds / 30
                tallies.append(run(url, load, clients=CLIENTS_AT_ONCE, seconds=seconds))
    before, after = rounds
    yield Row("requests, before", tuple(_of_load(before, bounded=False)))
    yield Row("requests, after", tuple(_of_load(after, bounded=True)))


def _load(stack: ExitStack, options: Options, environment: dict[str, str]) -> tuple[str, Sequence[bytes]]:
    database = stack.enter_context(scratch_url(options.database_url))
    url = stack.enter_context(serving({**environment, "DATABASE_URL": database}))
    return url, mixed(url, make_accounts(url, USERS), LISTS, ["/models"])


def _of_load(tallies: list[Tally], *, bounded: bool) -> Iterator[Result]:
    times = [took * 1000 for tally in tallies for took in tally.times]
    caches = sum((tally.caches for tally in tallies), start=type(tallies[0].caches)())
    wrong = sum(tally.failed + tally.answers - tally.statuses[200] for tally in tallies)
    hits = caches["hit"] / max(caches.total(), 1) * 100
    yield Result("hit rate", hits, "%", at_least=85 if bounded else None)
    for name, value, claimed in (
        ("average", statistics.fmean(times), 120),
        ("median", percentile(times, 50), None),
        ("p95", percentile(times, 95), 280),
        ("p99", percentile(times, 99), 450),
    ):
        yield Result(name, value, "ms", at_most=claimed if bounded else None)
    yield Result("rate", statistics.median(tally.rate for tally in tallies), "requests/s")
    yield Result("not answered with 200", wrong, "", at_most=0)


def vendor(options: Options) -> Iterator[Output]:
    """Read the model list from a vendor each time, and from a server whose vendor counts how often it is asked."""
    yield Note(
        f"vendor: {MODEL_READS} reads of the model list by a server that has just started. Before, taken away: the "
        "registry, so that each read asks the vendor."
    )
    with ExitStack() as stack:
        stub = stack.enter_context(StubServer())
        client = CLIENTS["openai"](api_key="benchmark", base_url=stub.openai_url)
        for _ in range(MODEL_READS):
            client.list_models()
        asked_before = _asked(stub)
        stub.reset()
        environment = {
            "DATABASE_URL": stack.enter_context(scratch_url(options.database_url)),
            "REDIS_URL": options.redis_url or "",
            "OPENAI_API_KEY": "benchmark",
            "OPENAI_BASE_URL": stub.openai_url,
        }
        url = stack.enter_context(serving(environment))
        with httpx2.Client(base_url=f"{url}/api/v1") as reader:
            for _ in range(MODEL_READS):
                reader.get("/models").raise_for_status()
        asked_after = _settled(lambda: _asked(stub))
    yield Row(
        "vendor",
        (
            Result("calls before", asked_before, ""),
            Result("calls after", asked_after, ""),
            Result("fewer", (1 - asked_after / asked_before) * 100, "%", at_least=90),
        ),
    )


def _settled(count: Callable[[], int]) -> int:
    """Return what is counted a second after the first; the registry asks in the background."""
    deadline = time.monotonic() + PATIENCE
    while not count() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1)
    return count()


def _asked(stub: StubServer) -> int:
    return sum(received.path.partition("?")[0].endswith("/models") for received in stub.requests)


def instrumentation(options: Options) -> Iterator[Output]:
    """Time a view with and without the timing middleware and whatever wraps its queries, in turns."""
    yield Note(
        f"instrumentation: {INSTRUMENT} around a view of {QUERIES_A_REQUEST} queries. Before, taken away: the "
        "middleware, and the wrappers of the connection."
    )
    request = RequestFactory(SERVER_NAME="127.0.0.1").get("/api/v1/conversations")
    timed = import_string(INSTRUMENT)(_view)
    connection.ensure_connection()
    before, after = [], []
    for _ in range(max(100, options.rounds * 3)):
        with _bare_connection():
            before.append(_timed(lambda: _view(request)))
        after.append(_timed(lambda: timed(request)))
    added = statistics.median(b - a for a, b in zip(before, after, strict=True))
    yield Row(
        "instrumentation",
        (
            Result("before", statistics.median(before), "ms"),
            Result("after", statistics.median(after), "ms"),
            Result("added", added, "ms", at_most=1),
            Result("after p95", percentile(after, 95), "ms"),
        ),
    )


def _view(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    with connection.cursor() as cursor:
        for _ in range(QUERIES_A_REQUEST):
            cursor.execute("SELECT 1")
            cursor.fetchone()
    return HttpResponse()


@contextmanager
def _bare_connection() -> Iterator[None]:
    """Take the wrappers of this thread's connection off inside the block."""
    wrappers, connection.execute_wrappers = connection.execute_wrappers, []
    try:
        yield
    finally:
        connection.execute_wrappers = wrappers


def _timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000


SERVED: dict[str, Callable[[Options], Iterator[Output]]] = {
    "requests": requests,
    "vendor": vendor,
    "instrumentation": instrumentation,
}
