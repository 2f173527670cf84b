"""Servers of the project itself, started for a measurement on data that is thrown away."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from cryptography.fernet import Fernet
from django.conf import settings

START_TIMEOUT = 30.0  # seconds


def free_port() -> int:
    """Find a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(environment: Mapping[str, str]) -> Iterator[str]:
    """Run the server with production settings on a migrated scratch database; yields its base URL.

    `DATABASE_URL` in `environment` is used as it is, the default is a SQLite file that is deleted afterwards.
    """
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="llmselect-") as folder:
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
            "DATABASE_URL": f"sqlite:///{Path(folder) / 'scratch.sqlite3'}",
            "REDIS_URL": "",
            "LOG_LEVEL": "ERROR",
            **environment,
        }
        manage("migrate", "--verbosity=0", environment=full)
        manage("sync_models", "--offline", environment=full)
        with running("serve", "--port", str(port), environment=full):
            url = f"http://127.0.0.1:{port}"
            wait_for(f"{url}/health/live")
            yield url


def manage(*arguments: str, environment: Mapping[str, str]) -> None:
    """Run a management command to its end; raises CalledProcessError with its output on standard error."""
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]
    subprocess.run(command, env=dict(environment), check=True, stdout=subprocess.DEVNULL)  # noqa: S603


@contextmanager
def running(*arguments: str, environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a management command beside us, and end it by SIGTERM."""
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]
    full = dict(os.environ if environment is None else environment)
    process = subprocess.Popen(command, env=full, stdout=subprocess.DEVNULL)  # noqa: S603
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
            time.sleep(0.05)
    raise TimeoutError(f"{url} did not answer within {START_TIMEOUT:g} s.")
