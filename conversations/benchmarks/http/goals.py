"""What of the server is measured apart from its rates: its start, its size, a chat's time, a stream's chunks."""

import json
import statistics
import time
from collections.abc import Callable

from conversations.benchmarks.chats import added_by_chat
from conversations.benchmarks.http.endpoints import DONE
from conversations.benchmarks.http.site import LIST, Setting
from perf.benchmarks import usage
from perf.benchmarks.answers import record
from perf.benchmarks.cases import Options, Result, Row, percentile
from perf.benchmarks.load import request
from perf.benchmarks.processes import START_TIMEOUT, free_port, running
from perf.benchmarks.side import Run

STARTS = 3
SETTLE = 1.0  # seconds in which nobody asks
RUSH_CHUNKS, RUSH_STREAMS = 2000, 8
PACE, PACED_CHUNKS, PACED_CLIENTS = 0.02, 100, 20  # seconds between chunks


def start(setting: Setting, run: Run, options: Options) -> Row:  # noqa: ARG001
    """Launch the server, and ask for the list until it is there; then leave it alone, and look at its memory."""
    took, memory = [], []
    for _ in range(STARTS):
        port, begin = free_port(), time.monotonic()
        with running("serve", "--port", str(port), environment=setting.environment) as process:
            _first_answer(f"http://127.0.0.1:{port}{LIST}", setting.site.headers)
            took.append(time.monotonic() - begin)
            time.sleep(SETTLE)
            memory += [usage.resident_bytes(worker) / 1_000_000 for worker in usage.workers(process.pid)]
    return Row(
        "start",
        (
            Result("first answer", statistics.median(took), "s", at_most=2),
            Result("slowest", max(took), "s"),
            Result("idle memory", max(memory), "MB", at_most=110),
        ),
    )


def _first_answer(url: str, headers: dict[str, str]) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        try:
            assert record("GET", url, headers).status == 200  # noqa: S101  # anything else would be quicker
        except ConnectionError:
            time.sleep(0.01)
        else:
            return
    raise TimeoutError(f"{url} did not answer.")


def chat_added(setting: Setting, run: Run, options: Options) -> Row:  # noqa: ARG001
    """Call the SDK and POST /chat in turns, on the same provider."""
    site = setting.site
    pairs = added_by_chat(site.cached.url, setting.provider, site.headers, rounds=options.rounds)
    added = [ours - bare for bare, ours in pairs]
    return Row(
        "chat-added",
        (
            Result("bare SDK", statistics.median(bare for bare, _ in pairs), "ms"),
            Result("chat", statistics.median(ours for _, ours in pairs), "ms"),
            Result("added", statistics.median(added), "ms", at_most=options.goal(3)),
            Result("added p95", percentile(added, 95), "ms"),
        ),
    )


def stream_rush(setting: Setting, run: Run, options: Options) -> Row:
    """Stream long answers one after the other, from an upstream without pauses."""
    model = f"stub?chunks={RUSH_CHUNKS}"
    goal = options.goal(50)
    return _streams("stream-rush", setting, run, model, chunks=RUSH_CHUNKS, streams=RUSH_STREAMS, clients=1, bound=goal)


def stream_paced(setting: Setting, run: Run, options: Options) -> Row:
    """Hold streams open that get a chunk at a time, heartbeats on."""
    model = f"stub?chunks={PACED_CHUNKS}&delay={PACE}"
    rounds = max(1, round(options.seconds / 30))
    return _streams(
        "stream-paced",
        setting,
        run,
        model,
        chunks=PACED_CHUNKS,
        streams=PACED_CLIENTS * rounds,
        clients=PACED_CLIENTS,
        bound=options.goal(220),
    )


def _streams(
    name: str, setting: Setting, run: Run, model: str, *, chunks: int, streams: int, clients: int, bound: float | None
) -> Row:
    site = setting.site
    body = json.dumps({"provider": "openai", "model": model, "message": "word"}).encode()
    sent = [request("POST", f"{site.cached.url}/api/v1/chat/stream", site.headers, body)]
    workers = usage.workers(site.cached.pid)
    run(site.cached.url, sent, clients=1, seconds=60, answers=1)
    before = usage.cpu_seconds(workers)
    tally = run(site.cached.url, sent, clients=clients, seconds=60, answers=streams, ending=DONE)
    taken = usage.cpu_seconds(workers) - before
    wrong = tally.failed + tally.wrong + streams - tally.statuses[200]
    return Row(
        name,
        (
            Result("CPU a chunk", taken / (streams * chunks) * 1_000_000, "µs", at_most=bound),
            Result("chunks", streams * chunks / tally.seconds, "/s"),
            Result("stream p50", percentile(tally.times, 50), "s"),
            Result("errors", wrong, "", at_most=0),
        ),
    )


GOALS: dict[str, Callable[[Setting, Run, Options], Row]] = {
    "start": start,
    "chat-added": chat_added,
    "stream-rush": stream_rush,
    "stream-paced": stream_paced,
}
