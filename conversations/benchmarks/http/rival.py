"""Chats beside LiteLLM's proxy (https://docs.litellm.ai/docs/simple_proxy): one worker, no database, one provider."""

import json
import os
import secrets
import socket
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conversations.benchmarks.chats import MESSAGE
from conversations.benchmarks.fixture import API
from conversations.benchmarks.http.endpoints import ServerPair
from conversations.benchmarks.http.goals import Run
from perf.benchmarks.cases import Options, Result, Row
from perf.benchmarks.load import LoadResult, request
from perf.benchmarks.measuring import percentile
from perf.benchmarks.processes import free_port, wait_until

CLIENTS = (1, 16)
ROUNDS = 5
WARM_UP = 0.5  # seconds
START = 120.0  # seconds until it answers, at most
TIMES_AS_FAST, TIMES_AS_FAST_ON_SERVICES = 4, 2
Side = tuple[str, list[bytes]]  # its base URL, and its requests


def beside_litellm(servers: ServerPair, run: Run, options: Options) -> Iterator[Row]:
    """Load POST /chat, which keeps both messages, and LiteLLM's chat completions, which keeps nothing, in turns."""
    assert options.litellm is not None  # noqa: S101  # else nobody asks for this
    goal = TIMES_AS_FAST if options.embedded else TIMES_AS_FAST_ON_SERVICES
    url = servers.cached.url
    body = json.dumps({"provider": "openai", "model": "stub", "message": MESSAGE}).encode()
    ours = url, [request("POST", f"{url}{API}/chat", servers.headers, body)]
    with _litellm(Path(options.litellm), servers.cached.provider) as theirs:
        for clients in CLIENTS:
            pairs = list(_race(run, ours, theirs, clients, options.seconds / 20))
            yield Row(f"chat beside LiteLLM, {clients}", tuple(_figures(pairs, goal)))


def _race(run: Run, ours: Side, theirs: Side, clients: int, seconds: float) -> Iterator[tuple[LoadResult, LoadResult]]:
    for url, sent in (ours, theirs):
        run(url, sent, clients=clients, seconds=min(WARM_UP, seconds))
    for _ in range(ROUNDS):
        mine, other = (run(url, sent, clients=clients, seconds=seconds) for url, sent in (ours, theirs))
        yield mine, other


def _figures(pairs: list[tuple[LoadResult, LoadResult]], goal: float) -> Iterator[Result]:
    for name, loads in (("", [mine for mine, _ in pairs]), ("its ", [other for _, other in pairs])):
        times = [took * 1000 for load in loads for took in load.times] or [0.0]
        yield Result(f"{name}rate", statistics.median(load.rate for load in loads), "/s")
        yield Result(f"{name}p50", percentile(times, 50), "ms")
        yield Result(f"{name}errors", sum(load.errors() for load in loads), "", at_most=0)
    ratios = [mine.rate / other.rate if other.rate else 0.0 for mine, other in pairs]
    yield Result("times as fast", statistics.median(ratios), "", at_least=goal)


@contextmanager
def _litellm(environment: Path, provider: str) -> Iterator[Side]:
    """Run the proxy of a virtual environment on a provider; raises FileNotFoundError, and TimeoutError."""
    port, key = free_port(), f"sk-{secrets.token_hex(16)}"
    model = {"model": "openai/stub", "api_base": provider, "api_key": "benchmark"}
    with tempfile.TemporaryDirectory(prefix="llmselect-") as folder:
        config = Path(folder) / "config.yaml"  # of which JSON is a part
        config.write_text(json.dumps({"model_list": [{"model_name": "stub", "litellm_params": model}]}))
        where = ["--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
        command = [str(environment / "bin" / "litellm"), *where, "--num_workers", "1"]
        quiet = {"LITELLM_MASTER_KEY": key, "LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
        process = subprocess.Popen(command, env={**os.environ, **quiet}, cwd=folder, stdout=subprocess.DEVNULL)  # noqa: S603
        try:
            wait_until(lambda: _accepts(port), "LiteLLM's proxy", seconds=START)
            url = f"http://127.0.0.1:{port}"
            body = json.dumps({"model": "stub", "messages": [{"role": "user", "content": MESSAGE}]}).encode()
            yield url, [request("POST", f"{url}/v1/chat/completions", {"Authorization": f"Bearer {key}"}, body)]
        finally:
            process.terminate()
            process.wait()


def _accepts(port: int) -> bool:
    """Tell that a server accepts connections; raises OSError while it does not."""
    with socket.create_connection(("127.0.0.1", port)):
        return True
