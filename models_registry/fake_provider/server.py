"""Runs the fake provider: in the foreground for developers and benchmarks, in a thread for tests."""

import asyncio
import ssl
import threading
from typing import Self

from models_registry.fake_provider.http import Connection, Request
from models_registry.fake_provider.responses import respond
from models_registry.fake_provider.state import State

HOST = "127.0.0.1"
BACKLOG = 1_024  # connections that may wait to be accepted


async def serve(
    state: State, *, host: str = HOST, port: int = 0, tls: ssl.SSLContext | None = None
) -> tuple[asyncio.Server, set[Connection]]:
    """Start listening; returns the server and the set of its open connections. Raises OSError for a port in use."""
    connections: set[Connection] = set()

    async def handler(connection: Connection, request: Request) -> None:
        await respond(connection, request, state)

    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(handler, connections), host, port, backlog=BACKLOG, ssl=tls
    )
    return server, connections


class FakeProvider(State):
    """A fake provider that runs on a free port, in a thread of its own, until the `with` block ends."""

    def __init__(self, *, host: str = HOST, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        super().__init__()
        self.port = port
        self._tls = tls
        self._host = host
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="fake-provider", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server, self._connections = await serve(self, host=self._host, port=self.port, tls=self._tls)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for connection in list(self._connections):
            connection.close()

    @property
    def url(self) -> str:
        """The origin, without a path."""
        return f"{'https' if self._tls else 'http'}://{self._host}:{self.port}"

    @property
    def openai_url(self) -> str:
        """The base URL for an OpenAI client."""
        return f"{self.url}/v1"

    @property
    def anthropic_url(self) -> str:
        """The base URL for an Anthropic client."""
        return self.url

    @property
    def open_connections(self) -> int:
        """The number of connected clients, idle ones included."""
        return len(self._connections)
