"""Processes that a measurement starts: management commands, the server, the ceiling; and what they take."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.request import urlopen

import psutil
from django.conf import settings

START_TIMEOUT = 30.0  # seconds
MANAGE = str(settings.BASE_DIR / "manage.py")
Value = TypeVar("Value")


def workers(server: int) -> list[psutil.Process]:
    """Return the workers of a server: its child processes but for Python's own helper, and the one for jobs."""
    found = []
    for each in psutil.Process(server).children():
        with suppress(psutil.NoSuchProcess):  # also one that has ended, and was not waited for
            line = " ".join(each.cmdline())
            found += [] if any(other in line for other in ("resource_tracker", "run_jobs")) else [each]
    return found


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that answers: its base URL, and the id of its first process."""

    url: str
    pid: int

    def cpu_seconds(self) -> float:
        """Return the processor time that the workers have taken, in user and kernel mode."""
        times = [worker.cpu_times() for worker in workers(self.pid)]
        return sum(each.user + each.system for each in times)

    def memory(self) -> list[float]:
        """Return the MB that each worker keeps in RAM, shared libraries included."""
        return [worker.memory_info().rss / 1_000_000 for worker in workers(self.pid)]


def free_port() -> int:
    """Find a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_server(environment: Mapping[str, str]) -> Iterator[RunningServer]:
    """Run `manage.py serve` until the end of the block; raises TimeoutError when it does not start."""
    port = free_port()
    with running("serve", "--port", str(port), environment=environment) as process:
        wait_for(f"http://127.0.0.1:{port}/health/live")
        yield RunningServer(f"http://127.0.0.1:{port}", process.pid)


@contextmanager
def ceiling(answers: Path, threads: int) -> Iterator[RunningServer]:
    """Run `perf.benchmarks.ceiling` with a file of answers, one of which is for `/`."""
    port = free_port()
    environment = {**os.environ, "CEILING_ANSWERS": str(answers), "PORT": str(port), "SERVE_THREADS": str(threads)}
    with _program(["-m", "perf.benchmarks.ceiling"], environment) as process:
        wait_for(f"http://127.0.0.1:{port}/")
        yield RunningServer(f"http://127.0.0.1:{port}", process.pid)


def manage(*arguments: str, environment: Mapping[str, str]) -> None:
    """Run a management command to its end; raises CalledProcessError with its output on standard error."""
    command = [sys.executable, MANAGE, *arguments]
    subprocess.run(command, env=dict(environment), check=True, stdout=subprocess.DEVNULL)  # noqa: S603


def running(
    *arguments: str, environment: Mapping[str, str] = os.environ
) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """Run a management command beside us until the end of the block, and end it by SIGTERM."""
    return _program([MANAGE, *arguments], environment)


@contextmanager
def _program(arguments: list[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run Python with these arguments, and end it by SIGTERM."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, *arguments], env=dict(environment), cwd=settings.BASE_DIR, stdout=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def wait_for(url: str) -> None:
    """Return once a URL answers; raises TimeoutError when it does not."""
    wait_until(lambda: urlopen(url, timeout=1).close() or True, f"an answer of {url}")  # noqa: S310  # always loopback


def wait_until(
    condition: Callable[[], Value], what: str, *, seconds: float = START_TIMEOUT, passing: type[Exception] = OSError
) -> Value:
    """Return the first true value of a condition, which may raise errors of the kind `passing`; raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(passing):
            if value := condition():
                return value
        time.sleep(0.02)
    raise TimeoutError(f"There was not {what} within {seconds:g} s.")
