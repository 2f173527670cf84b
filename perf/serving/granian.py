"""Runs Granian with this project's options, for the server and for the ceiling of benchmarks."""

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server

MAX_HEAD = 65_536  # bytes of request line and headers
MAX_CONNECTIONS = 4096  # of a worker, idle ones included


def serve(target: str, *, host: str, port: int, workers: int, threads: int, grace: int) -> None:
    """Serve the WSGI application at `target` until SIGTERM; running requests then have `grace` seconds."""
    Server(
        target,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        # HTTP/2 carries many bodies over one connection, of which none could be ended alone.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(max_buffer_size=MAX_HEAD),
        workers=workers,
        blocking_threads=threads,
        backpressure=MAX_CONNECTIONS,
        workers_kill_timeout=grace,
        respawn_failed_workers=True,
        log_level=LogLevels.error,
    ).serve()
