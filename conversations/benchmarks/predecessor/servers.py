"""The rows of the predecessor's table that need servers, a provider, or the middleware."""

import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils.module_loading import import_string

from conversations.benchmarks.caching import READS_A_WRITE, mixed_requests
from conversations.benchmarks.fixture import deployment
from conversations.benchmarks.staleness import USERS, make_writers
from models_registry.fake_provider.server import FakeProvider
from models_registry.providers import CLIENTS
from perf.benchmarks.cases import Note, Options, Output, Result, Row
from perf.benchmarks.load import LoadResult, generator
from perf.benchmarks.measuring import interleaved, milliseconds, percentile
from perf.benchmarks.processes import wait_until

CACHED: dict[str, str] = {}
UNCACHED = {"CONVERSATION_CACHE_TTL": "0", "MODEL_CACHE_TTL": "0", "REDIS_URL": ""}
CLIENTS_AT_ONCE, ROUNDS = 4, 3
LISTS = ("/conversations", "/conversations?provider=openai")
MODEL_READS = 50
REFRESH_LIMIT = 20.0  # seconds
INSTRUMENT = "perf.middleware.TimingMiddleware"
QUERIES_A_REQUEST = 2


def requests(options: Options) -> Iterator[Output]:
    """Send the same mixed load to a server without caches and to one with them, in turns."""
    best = (1 - len(LISTS) / READS_A_WRITE) * 100
    yield Note(
        f"requests: {USERS} people, {CLIENTS_AT_ONCE} at once, read the model list and {len(LISTS)} lists of their "
        f"conversations, {READS_A_WRITE} reads a write, after which each of those misses once: at best {best:g} % hit. "
        "Before, taken away: the caches."
    )
    with ExitStack() as stack:
        run = stack.enter_context(generator())
        loads = []
        for environment in (UNCACHED, CACHED):
            site = stack.enter_context(deployment(options, environment, provider=False))
            sent = mixed_requests(site, make_writers(site, USERS), [*LISTS, "/models"])
            loads.append(partial(run, site.url, sent, clients=CLIENTS_AT_ONCE, seconds=options.seconds / 30))
        rounds = interleaved(*loads, rounds=ROUNDS)
    yield Row("requests, before", tuple(_load_figures([before for before, _ in rounds], bounded=False)))
    yield Row("requests, after", tuple(_load_figures([after for _, after in rounds], bounded=True)))


def _load_figures(loads: list[LoadResult], *, bounded: bool) -> Iterator[Result]:
    times = [took * 1000 for load in loads for took in load.times]
    caches = sum((load.caches for load in loads), start=Counter[str]())
    hit_rate = caches["hit"] / max(caches.total(), 1) * 100
    yield Result("hit rate", hit_rate, "%", at_least=85 if bounded else None)
    for name, value, claimed in (
        ("average", statistics.fmean(times), 120),
        ("median", percentile(times, 50), None),
        ("p95", percentile(times, 95), 280),
        ("p99", percentile(times, 99), 450),
    ):
        yield Result(name, value, "ms", at_most=claimed if bounded else None)
    yield Result("rate", statistics.median(load.rate for load in loads), "requests/s")
    yield Result("not answered with 200", sum(load.errors() for load in loads), "", at_most=0)


def vendor(options: Options) -> Iterator[Output]:
    """Count the calls of a vendor: with one call for each read of the model list, and with a server in between."""
    yield Note(
        f"vendor: {MODEL_READS} reads of the model list by a server that has just started. Before, taken away: the "
        "registry, so that each read asks the vendor."
    )
    with FakeProvider() as stub:
        client = CLIENTS["openai"](api_key="benchmark", base_url=stub.openai_url)
        for _ in range(MODEL_READS):
            client.list_models()
        before = _list_calls(stub)
        stub.reset()
        key = {"OPENAI_API_KEY": "benchmark", "OPENAI_BASE_URL": stub.openai_url}
        with deployment(options, key, provider=False) as site, site.client({}) as reader:
            for _ in range(MODEL_READS):
                reader.get("/models").raise_for_status()
            wait_until(
                lambda: _list_calls(stub), "a question to the vendor", seconds=REFRESH_LIMIT
            )  # in the background
            time.sleep(1)
            after = _list_calls(stub)
    calls = (Result("calls before", before, ""), Result("calls after", after, ""))
    yield Row("vendor", (*calls, Result("fewer", (1 - after / before) * 100, "%", at_least=90)))


def _list_calls(stub: FakeProvider) -> int:
    return sum(received.path.partition("?")[0].endswith("/models") for received in stub.requests)


def instrumentation(options: Options) -> Iterator[Output]:
    """Time a view with and without the timing middleware and the wrappers of its queries, in turns."""
    yield Note(
        f"instrumentation: {INSTRUMENT} around a view of {QUERIES_A_REQUEST} queries. Before, taken away: the "
        "middleware, and the wrappers of the connection."
    )
    request = RequestFactory(SERVER_NAME="127.0.0.1").get("/api/v1/conversations")
    timed = import_string(INSTRUMENT)(_view)
    connection.ensure_connection()

    def bare() -> float:
        wrappers, connection.execute_wrappers = connection.execute_wrappers, []
        try:
            return milliseconds(lambda: _view(request))
        finally:
            connection.execute_wrappers = wrappers

    pairs = interleaved(bare, lambda: milliseconds(lambda: timed(request)), rounds=max(100, options.rounds * 3))
    after = [instrumented for _, instrumented in pairs]
    yield Row(
        "instrumentation",
        (
            Result("before", statistics.median(bare for bare, _ in pairs), "ms"),
            Result("after", statistics.median(after), "ms"),
            Result("added", statistics.median(after - before for before, after in pairs), "ms", at_most=1),
            Result("after p95", percentile(after, 95), "ms"),
        ),
    )


def _view(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    with connection.cursor() as cursor:
        for _ in range(QUERIES_A_REQUEST):
            cursor.execute("SELECT 1")
            cursor.fetchone()
    return HttpResponse()


SERVERS: dict[str, Callable[[Options], Iterator[Output]]] = {
    "requests": requests,
    "vendor": vendor,
    "instrumentation": instrumentation,
}
