"""Granian as this project runs it: the server, and the ceiling that it is measured against."""

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server

MAX_HEAD = 65_536  # bytes of request line and headers
MAX_CONNECTIONS = 4096  # of a worker


def serve(target: str, *, host: str, port: int, workers: int, threads: int, grace: int) -> None:
    """Serve the WSGI application at `target` until SIGTERM; `grace` is the seconds that requests have after it."""
    Server(
        target,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        # Of HTTP/2 one connection carries many bodies, none of which could be ended alone.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(max_buffer_size=MAX_HEAD),
        workers=workers,
        blocking_threads=threads,
        # Connections, idle ones included; what they may do at once is bounded by threads and slots.
        backpressure=MAX_CONNECTIONS,
        workers_kill_timeout=grace,
        respawn_failed_workers=True,
        log_level=LogLevels.error,
    ).serve()
