"""`manage.py benchmark http`: endpoints under load over real HTTP, each beside the ceiling of its own bytes."""

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from django.conf import settings
from tqdm import tqdm

from conversations.benchmarks.http.endpoints import ENDPOINTS, Endpoint
from conversations.benchmarks.http.goals import GOALS
from conversations.benchmarks.http.site import Setting, conversations, logged_in, setting_up
from perf.benchmarks import answers
from perf.benchmarks.answers import Answer
from perf.benchmarks.cases import Note, Options, Output, Result, Row, percentile
from perf.benchmarks.load import generator, request
from perf.benchmarks.processes import ceiling
from perf.benchmarks.side import Run, Side

CLIENTS = (1, 16, 64)
GOAL_AT = 16  # clients
ROUNDS = 3
WARM_UP = 0.25  # seconds


def http(options: Options) -> Iterator[Output]:
    """Start the servers, and drive one endpoint after the other beside the ceiling of its bytes."""
    chosen = options.chosen([*ENDPOINTS, *GOALS])
    endpoints = [name for name in chosen if name in ENDPOINTS]
    yield Note(
        "One worker, production settings, all middleware, limits off; the account that asks has "
        f"{conversations(options):,} conversations of 10 messages."
    )
    yield Note("The ceiling: Django without middleware, one view that returns the same bytes and header fields.")
    for name in endpoints:
        yield Note(f"{name}: {ENDPOINTS[name].summary}")
    with ExitStack() as stack:
        setting = stack.enter_context(setting_up(options))
        run = stack.enter_context(generator())
        if endpoints:
            yield from _driven(stack, endpoints, setting, run, options)
        for name in chosen:
            if name in GOALS:
                yield GOALS[name](logged_in(setting), run, options)


def _driven(stack: ExitStack, endpoints: list[str], setting: Setting, run: Run, options: Options) -> Iterator[Row]:
    recorded = {name: ENDPOINTS[name].recorded(setting.site) for name in endpoints}
    file = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="llmselect-"))) / "answers.json"
    answers.write(file, {"/": Answer(200, {}, []), **{f"/{name}": answer for name, answer in recorded.items()}})
    ours = stack.enter_context(ceiling(file, settings.SERVE_THREADS))
    with tqdm(total=len(endpoints) * len(CLIENTS), disable=None, leave=False) as bar:
        for name in endpoints:
            endpoint, site = ENDPOINTS[name], logged_in(setting).site
            bar.set_description(name)
            method, headers, body = endpoint.sent(site)
            top = Side(ours, [request(method, f"{ours.url}/{name}", headers, body)], endpoint.ending)
            served = Side(endpoint.server(site), endpoint.requests(site), endpoint.ending)
            for clients in CLIENTS:
                _race(served, top, run, clients, options.seconds / 50)
                bar.update()
                yield Row(f"{name}, {clients}", tuple(_figures(endpoint, served, top, clients, options)))


def _race(served: Side, top: Side, run: Run, clients: int, seconds: float) -> None:
    """Load both in turns, some rounds."""
    for side in (served, top):
        side.load(run, clients, min(WARM_UP, seconds))
        side.forget()
    for _ in range(ROUNDS):
        served.load(run, clients, seconds)
        top.load(run, clients, seconds)


def _figures(endpoint: Endpoint, served: Side, top: Side, clients: int, options: Options) -> Iterator[Result]:
    times = [took * 1000 for tally in served.tallies for took in tally.times] or [0.0]
    is_goal = clients == GOAL_AT
    services = options.database_url is not None and options.redis_url is not None
    share = endpoint.share if options.embedded else endpoint.share_of_services if services else None
    yield Result("rate", served.rate, "/s", at_least=options.goal(endpoint.rate) if is_goal else None)
    for percent in (50, 95, 99):
        yield Result(f"p{percent}", percentile(times, percent), "ms")
    yield Result("errors", served.errors(endpoint.status), "", at_most=0)
    yield Result("CPU", served.cpu_share, "%")
    yield Result("CPU each", served.cpu_each, "µs")
    yield Result("memory", served.memory, "MB")
    yield Result("ceiling", top.rate, "/s")
    yield Result("its CPU", top.cpu_share, "%")
    yield Result("its errors", top.errors(endpoint.status), "", at_most=0)
    pairs = zip(served.tallies, top.tallies, strict=True)
    ratios = [ours.rate / ceiling.rate * 100 if ceiling.rate else 0.0 for ours, ceiling in pairs]
    yield Result("share", statistics.median(ratios), "%", at_least=share if is_goal else None)
