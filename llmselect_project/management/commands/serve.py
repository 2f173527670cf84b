"""`manage.py serve`: run the server."""

import errno
import logging
import os
import socket
import sys
import threading
import time
from argparse import ArgumentParser
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError
from django.urls import Resolver404, resolve

from conversations.completions.takeover import keep_usage
from llmselect_project.config.checks import cache_errors
from llmselect_project.config.commands import browser_url
from llmselect_project.config.shutdown import relay_signals
from llmselect_project.config.supervision import Supervisor
from perf.db.connections import one_line, unpooled
from perf.jobs.launcher import Launcher
from perf.serving.checks import pool_errors
from perf.serving.granian import serve
from perf.serving.health import pending_migrations

logger = logging.getLogger("llmselect.serve")

PRUNE_INTERVAL = 86_400  # seconds
PORT_WAIT = 3.0  # seconds for the workers of a killed server to release its port
PAGES = (("start page", "/"), ("admin", "/admin/"), ("API docs", "/api/docs"))
MAXIMUM_PORT = 65_535
MINIMUM_THREADS = 33  # 32 of them never run chats


class Command(BaseCommand):
    """Serves the API and the admin with Granian over WSGI."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add options, which override the environment."""
        parser.add_argument("--host", default=settings.HOST, help="address to listen on; HOST by default")
        parser.add_argument("--port", type=int, default=settings.PORT, help="port to listen on; PORT by default")
        threads = f"threads of each worker, at least {MINIMUM_THREADS}; SERVE_THREADS by default"
        parser.add_argument("--threads", type=int, default=settings.SERVE_THREADS, help=threads)
        workers = "worker processes; SERVE_WORKERS by default; more than one need Redis"
        parser.add_argument("--workers", type=int, default=settings.SERVE_WORKERS, help=workers)

    def handle(self, *_: Any, host: str, port: int, threads: int, workers: int, **__: Any) -> None:
        """Check the configuration, then serve until SIGTERM or SIGINT. Raises CommandError if a check fails."""
        if threads < MINIMUM_THREADS or workers < 1:
            raise CommandError(f"--threads must be at least {MINIMUM_THREADS} and --workers at least 1.")
        if threads != settings.SERVE_THREADS:
            _restart(SERVE_THREADS=str(threads))
        if errors := cache_errors(workers):
            raise CommandError(f"{errors[0].msg} {errors[0].hint}")
        _require_free_address(host, port)
        with unpooled():
            _require_database(workers)
        launcher = Launcher()
        relay_signals(launcher.stop)
        Supervisor(settings.WORKER_TIMEOUT).start()
        threading.Thread(target=_prune_daily, name="prune", daemon=True).start()
        keep_usage()
        if settings.JOB_THREADS:
            launcher.start()
        threading.Thread(target=self._say_where, args=(host, port), name="say-where", daemon=True).start()
        serve(
            "llmselect_project.wsgi:application",
            host=host,
            port=port,
            workers=workers,
            threads=threads + settings.BODY_WAITERS,
            grace=settings.SHUTDOWN_GRACE,
        )
        launcher.stop()
        launcher.wait()

    def _say_where(self, host: str, port: int) -> None:
        """Print the address once it accepts connections, and where a browser finds what this version has for people."""
        while not _answers(host, port):
            time.sleep(0.05)
        self.stdout.write(f"LLMSelect listens on http://{host}:{port}")
        base = browser_url(host, port)
        for name, path in PAGES:
            with suppress(Resolver404):
                resolve(path)
                self.stdout.write(f"  {name + ':':12}{base}{path}")
        self.stdout.flush()


def _answers(host: str, port: int) -> bool:
    """Return whether a worker accepts connections at the address."""
    try:
        socket.create_connection((urlsplit(browser_url(host, port)).hostname or host, port), timeout=5).close()
    except OSError:
        return False
    return True


def _restart(**environment: str) -> None:
    """Replace this process by the same command with other settings, because settings are read only once."""
    os.execve(sys.executable, sys.orig_argv, {**os.environ, **environment})  # noqa: S606  # ourselves


def _require_free_address(host: str, port: int) -> None:
    """Raise CommandError if the address is not available; Granian would silently share the port with another server.

    Workers of a killed parent stop listening soon, but maybe only after a restart has begun.
    """
    deadline = time.monotonic() + PORT_WAIT
    while True:
        try:
            _bind(host, port)
        except (OSError, OverflowError) as error:
            taken = getattr(error, "errno", None) == errno.EADDRINUSE
            if not taken or time.monotonic() > deadline:
                hint = f". Stop what uses it, or choose another port: PORT={_another(port)}" if taken else ""
                raise CommandError(f"Cannot listen on {host}:{port}: {error}{hint}") from error
            time.sleep(0.1)
        else:
            return


def _another(port: int) -> int:
    """Name a port beside one that is taken."""
    return port + 1 if port < MAXIMUM_PORT else port - 1


def _bind(host: str, port: int) -> None:
    """Bind to the address for a moment. Raises OSError or OverflowError if that fails."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def _require_database(workers: int) -> None:
    """Raise CommandError if the database does not answer, lacks migrations or allows too few connections."""
    try:
        pending = pending_migrations()
    except (DatabaseError, InterfaceError) as error:
        raise CommandError(f"The database does not answer: {one_line(error)}") from error
    if pending:
        raise CommandError(f"These migrations are pending: {', '.join(pending)}. Run `manage.py migrate` first.")
    if errors := pool_errors(workers):
        raise CommandError(f"{errors[0].msg} {errors[0].hint}")


def _prune_daily() -> None:
    pause = threading.Event()
    while not pause.wait(PRUNE_INTERVAL):
        try:
            with unpooled():
                call_command("prune")
        except Exception:  # the server must go on; the next attempt is tomorrow
            logger.exception("prune failed")
