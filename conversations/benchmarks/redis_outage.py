"""What happens to requests when Redis is killed, comes back with its old data, or is full."""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import httpx2
import redis

from conversations.benchmarks.caches import make_accounts, reading_and_writing, what_was_read
from conversations.benchmarks.chats import servers
from perf.benchmarks.cases import Options, Result, percentile
from perf.benchmarks.processes import free_port

USERS = 8


class OwnRedis:
    """A Redis server of one's own in a folder that is thrown away."""

    def __init__(self, folder: str) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = redis.Redis(port=self.port)

    def start(self) -> None:
        """Start it, with the data of its last snapshot if there is one, and wait until it answers."""
        program = shutil.which("redis-server") or "redis-server"
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder, "--save", ""]
        self.process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)  # noqa: S603
        for _ in range(100):
            with suppress(redis.ConnectionError):
                self.client.ping()
                return
            time.sleep(0.05)
        raise TimeoutError("redis-server did not start.")

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait()

    def stop_answering(self) -> None:
        """Freeze it: connections stay, nothing is answered."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def answer_again(self) -> None:
        """Let it go on."""
        os.kill(self.process.pid, signal.SIGCONT)


@contextmanager
def own_redis() -> Iterator[OwnRedis]:
    """Run a Redis server until the end of the block; raises FileNotFoundError where there is none to run."""
    with tempfile.TemporaryDirectory(prefix="llmselect-redis-") as folder:
        server = OwnRedis(folder)
        server.start()
        try:
            yield server
        finally:
            server.kill()


def outage(options: Options) -> Iterator[Result]:
    """Kill Redis under load, let it come back empty, then with old data, then fill it up; a third of the time each."""
    pause = options.seconds / 12
    with own_redis() as server, servers(Options(options.database_url, server.url)) as (url, _):
        accounts = make_accounts(url, USERS)
        for name, fail, mend in _faults(server):
            with reading_and_writing(url, accounts) as tallies, _watching(url) as states:
                time.sleep(pause)
                failed_at = time.monotonic()
                fail()
                time.sleep(2 * pause)
                mended_at = time.monotonic()
                mend()
                time.sleep(pause)
                states_after = _settled(url)
            for result in what_was_read(tallies):
                yield replace(result, figure=f"{name}: {result.figure}")
            during = [took for tally in tallies for at, took in tally.times if failed_at <= at < mended_at]
            yield Result(f"{name}: p99 meanwhile", percentile(during, 99) * 1000, "ms", at_most=500)
            yield Result(f"{name}: health was not degraded meanwhile", int("degraded" not in states), "", at_most=0)
            yield Result(f"{name}: health was not ok at the end", int(states_after != "ok"), "", at_most=0)


def _faults(server: OwnRedis) -> Iterator[tuple[str, Callable[[], object], Callable[[], object]]]:
    yield "killed, and back without data", server.kill, server.start

    def crash_after_snapshot() -> None:
        server.client.save()
        server.kill()

    yield "killed, and back with old data", crash_after_snapshot, server.start
    full = lambda: server.client.config_set("maxmemory", 1)  # noqa: E731
    yield "full", full, lambda: server.client.config_set("maxmemory", 0)


@contextmanager
def _watching(url: str) -> Iterator[set[str]]:
    """Collect what health says until the end of the block."""
    states: set[str] = set()
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.2):
            states.add(httpx2.get(f"{url}/health", timeout=30).json()["status"])

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield states
    finally:
        ended.set()
        thread.join()


def _settled(url: str) -> str:
    """Return what health says, up to 5 s later if it is not yet well."""
    for _ in range(25):
        state: str = httpx2.get(f"{url}/health", timeout=30).json()["status"]
        if state == "ok":
            break
        time.sleep(0.2)
    return state
