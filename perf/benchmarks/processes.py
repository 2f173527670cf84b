"""Servers of the project itself, started for a measurement on data that is thrown away."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from cryptography.fernet import Fernet
from django.conf import settings

from perf.db.scratch import scratch_url

START_TIMEOUT = 30.0  # seconds
STAFF = ("staff", "staff of one measurement")  # name and password, on scratch data


def free_port() -> int:
    """Find a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Served:
    """A server that answers: its base URL, its process, and the seconds from its launch to its first answer."""

    url: str
    pid: int
    took: float


@contextmanager
def serving(environment: Mapping[str, str]) -> Iterator[str]:
    """Run the server on a scratch database as `prepared` makes it; yields its base URL."""
    with prepared(environment) as full, started(full) as served:
        yield served.url


@contextmanager
def prepared(environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Migrate a scratch database, and yield the environment of a server with production settings on it, limits off.

    `DATABASE_URL` in `environment` must be that of an empty one; when there is none a SQLite file is made. There is one
    account of staff, `STAFF`.
    """
    full = {
        **os.environ,
        "DJANGO_ENV": "production",
        "SECRET_KEY": "scratch" * 10,
        "ENCRYPTION_KEY": Fernet.generate_key().decode(),
        "ALLOWED_HOSTS": "127.0.0.1",
        "SECURE_SSL_REDIRECT": "false",
        "ALLOW_OPEN_REGISTRATION": "true",
        "API_RATE_LIMIT": "off",
        "LOGIN_RATE_LIMIT": "off",
        "REGISTRATION_RATE_LIMIT": "off",
        "REDIS_URL": "",
        "LOG_LEVEL": "ERROR",
        **environment,
    }
    with ExitStack() as stack:
        full["DATABASE_URL"] = environment.get("DATABASE_URL") or stack.enter_context(scratch_url(None))
        manage("migrate", "--verbosity=0", environment=full)
        manage("sync_models", "--offline", environment=full)
        name, password = STAFF
        account = {**full, "DJANGO_SUPERUSER_PASSWORD": password}
        manage("createsuperuser", "--noinput", f"--username={name}", "--email=", environment=account)
        yield full


@contextmanager
def started(environment: Mapping[str, str]) -> Iterator[Served]:
    """Run the server in an environment that `prepared` made."""
    port, start = free_port(), time.monotonic()
    with running("serve", "--port", str(port), environment=environment) as process:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/health/live")
        yield Served(url, process.pid, time.monotonic() - start)


@contextmanager
def ceiling(answers: Path, threads: int) -> Iterator[Served]:
    """Run `perf.benchmarks.ceiling` with a file of answers, one of which is for `/`."""
    port, start = free_port(), time.monotonic()
    environment = {**os.environ, "CEILING_ANSWERS": str(answers), "PORT": str(port), "SERVE_THREADS": str(threads)}
    command = [sys.executable, "-m", "perf.benchmarks.ceiling"]
    with _ended(subprocess.Popen(command, env=environment, cwd=settings.BASE_DIR)) as process:  # noqa: S603
        wait_for(f"http://127.0.0.1:{port}/")
        yield Served(f"http://127.0.0.1:{port}", process.pid, time.monotonic() - start)


def manage(*arguments: str, environment: Mapping[str, str]) -> None:
    """Run a management command to its end; raises CalledProcessError with its output on standard error."""
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]
    subprocess.run(command, env=dict(environment), check=True, stdout=subprocess.DEVNULL)  # noqa: S603


@contextmanager
def running(*arguments: str, environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a management command beside us, and end it by SIGTERM."""
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]
    full = dict(os.environ if environment is None else environment)
    with _ended(subprocess.Popen(command, env=full, stdout=subprocess.DEVNULL)) as process:  # noqa: S603
        yield process


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def wait_for(url: str) -> None:
    """Return once a URL answers; raises TimeoutError when it does not."""
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        try:
            with urlopen(url, timeout=1):  # noqa: S310  # always http://127.0.0.1
                return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.02)
    raise TimeoutError(f"{url} did not answer within {START_TIMEOUT:g} s.")
