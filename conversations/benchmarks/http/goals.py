"""Measurements beside the endpoints' rates: a start, its memory, the time of a chat, the CPU of streams."""

import json
import statistics
import time
from collections.abc import Callable
from functools import partial

from conversations.benchmarks.chats import added_by_chat
from conversations.benchmarks.fixture import API, LIST
from conversations.benchmarks.http.endpoints import DONE, ServerPair
from perf.benchmarks.answers import record
from perf.benchmarks.cases import Options, Result, Row
from perf.benchmarks.load import LoadResult, request
from perf.benchmarks.measuring import percentile
from perf.benchmarks.processes import RunningServer, free_port, running, wait_until

STARTS = 3
SETTLE = 1.0  # seconds without requests
RUSH_CHUNKS, RUSH_STREAMS = 2000, 8
PACE, PACED_CHUNKS, PACED_CLIENTS = 0.02, 100, 20  # seconds between chunks

Run = Callable[..., LoadResult]


def start(servers: ServerPair, run: Run, options: Options) -> Row:  # noqa: ARG001
    """Start the server, request the list until it answers, and read the memory after a moment of rest."""
    took, memory = [], []
    for _ in range(STARTS):
        begin, port = time.monotonic(), free_port()
        url = f"http://127.0.0.1:{port}"
        ask = partial(record, "GET", url + LIST, servers.headers)
        with running("serve", "--port", str(port), environment=servers.cached.environment) as process:
            answer = wait_until(ask, "a list")
            took.append(time.monotonic() - begin)
            assert answer.status == 200, answer  # noqa: S101  # anything else would be quicker
            time.sleep(SETTLE)
            memory += RunningServer(url, process.pid).memory()
    results = (
        Result("first answer", statistics.median(took), "s", at_most=2),
        Result("slowest", max(took), "s"),
        Result("idle memory", max(memory), "MB", at_most=110),
    )
    return Row("start", results)


def chat_added(servers: ServerPair, run: Run, options: Options) -> Row:  # noqa: ARG001
    """Call the SDK and POST /chat in turns, on the same provider."""
    pairs = added_by_chat(servers.cached, servers.headers, rounds=options.rounds)
    added = [ours - bare for bare, ours in pairs]
    results = (
        Result("bare SDK", statistics.median(bare for bare, _ in pairs), "ms"),
        Result("chat", statistics.median(ours for _, ours in pairs), "ms"),
        Result("added", statistics.median(added), "ms", at_most=options.goal(3)),
        Result("added p95", percentile(added, 95), "ms"),
    )
    return Row("chat-added", results)


def stream_rush(servers: ServerPair, run: Run, options: Options) -> Row:
    """Stream long answers, one after the other, from a provider without pauses."""
    model, goal = f"stub?chunks={RUSH_CHUNKS}", options.goal(50)
    results = _streams(servers, run, model, chunks=RUSH_CHUNKS, streams=RUSH_STREAMS, clients=1, bound=goal)
    return Row("stream-rush", results)


def stream_paced(servers: ServerPair, run: Run, options: Options) -> Row:
    """Stream many answers at once, from a provider that pauses before each chunk."""
    model, goal = f"stub?chunks={PACED_CHUNKS}&delay={PACE}", options.goal(220)
    streams = PACED_CLIENTS * max(1, round(options.seconds / 30))
    results = _streams(servers, run, model, chunks=PACED_CHUNKS, streams=streams, clients=PACED_CLIENTS, bound=goal)
    return Row("stream-paced", results)


def _streams(
    servers: ServerPair, run: Run, model: str, *, chunks: int, streams: int, clients: int, bound: float | None
) -> tuple[Result, ...]:
    server = servers.cached
    body = json.dumps({"provider": "openai", "model": model, "message": "word"}).encode()
    sent = [request("POST", f"{server.url}{API}/chat/stream", servers.headers, body)]
    run(server.url, sent, clients=1, seconds=60, answers=1)
    before = server.cpu_seconds()
    load = run(server.url, sent, clients=clients, seconds=60, answers=streams, ending=DONE)
    taken = server.cpu_seconds() - before
    whole = load.statuses[200] - load.wrong
    return (
        Result("CPU a chunk", taken / (streams * chunks) * 1_000_000, "µs", at_most=bound),
        Result("chunks", streams * chunks / load.seconds, "/s"),
        Result("stream p50", percentile(load.times, 50), "s"),
        Result("errors", streams - whole, "", at_most=0),
    )


GOALS: dict[str, Callable[[ServerPair, Run, Options], Row]] = {
    "start": start,
    "chat-added": chat_added,
    "stream-rush": stream_rush,
    "stream-paced": stream_paced,
}
