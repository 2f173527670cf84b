"""`manage.py serve`: run the server."""

import logging
import os
import socket
import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from llmselect_project.checks import cache_errors
from perf.db import unpooled

logger = logging.getLogger("llmselect.serve")

PRUNE_INTERVAL = 86_400  # seconds
MINIMUM_THREADS = 33  # 32 of them never run chats
MAX_CONNECTIONS = 4096  # of a worker


class Command(BaseCommand):
    """Serves the API and the admin with Granian over WSGI."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Let the command line beat the environment."""
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--threads", type=int, default=settings.SERVE_THREADS)
        parser.add_argument("--workers", type=int, default=settings.SERVE_WORKERS)

    def handle(self, *_: Any, host: str, port: int, threads: int, workers: int, **__: Any) -> None:
        """Check what would fail later, then serve until SIGTERM or SIGINT."""
        if threads < MINIMUM_THREADS or workers < 1:
            raise CommandError(f"--threads must be at least {MINIMUM_THREADS} and --workers at least 1.")
        if errors := cache_errors(workers):
            raise CommandError(f"{errors[0].msg} {errors[0].hint}")
        _require_free(host, port)
        with unpooled():
            _require_migrated()
        os.environ["SERVE_THREADS"] = str(threads)  # the workers bound running chats by it
        threading.Thread(target=_prune_daily, name="prune", daemon=True).start()
        self.stdout.write(f"LLMSelect listens on http://{host}:{port}")
        Server(
            "llmselect_project.wsgi:application",
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            workers=workers,
            blocking_threads=threads,
            # Connections, idle ones included; what they may do at once is bounded by threads and slots.
            backpressure=MAX_CONNECTIONS,
            workers_kill_timeout=settings.SHUTDOWN_GRACE,
            respawn_failed_workers=True,
            log_level=LogLevels.error,
        ).serve()


def _require_free(host: str, port: int) -> None:
    """Refuse an address that cannot be had; Granian would share a port with another server in silence."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, OverflowError) as error:
        raise CommandError(f"Cannot listen on {host}:{port}: {error}") from error


def _require_migrated() -> None:
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except OperationalError as error:
        raise CommandError(f"The database does not answer: {str(error).splitlines()[0]}") from error
    if pending:
        names = ", ".join(f"{migration.app_label}.{migration.name}" for migration, _ in pending)
        raise CommandError(f"These migrations are pending: {names}. Run `manage.py migrate` first.")


def _prune_daily() -> None:
    pause = threading.Event()
    while not pause.wait(PRUNE_INTERVAL):
        try:
            with unpooled():
                call_command("prune")
        except Exception:  # tomorrow is another day; the server must not stop for it
            logger.exception("prune failed")
