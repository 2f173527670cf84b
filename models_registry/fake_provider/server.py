"""Runs the fake provider: in the foreground for developers and benchmarks, in a thread for tests."""

import asyncio
import ssl
import threading
from typing import Self

from models_registry.fake_provider.http import Connection, Request
from models_registry.fake_provider.recordings import Recording
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

    @property
    def cancelled(self) -> int:
        """How many clients went away before their answer was complete."""
        return self.state.cancelled

    @property
    def openai_models(self) -> list[dict[str, Any]]:
        """The items of `GET /v1/models` in OpenAI's shape."""
        return self.state.openai_models

    @openai_models.setter
    def openai_models(self, models: Sequence[dict[str, Any]]) -> None:
        self.state.openai_models = list(models)

    @property
    def anthropic_models(self) -> list[dict[str, Any]]:
        """The items of `GET /v1/models` in Anthropic's shape."""
        return self.state.anthropic_models

    @anthropic_models.setter
    def anthropic_models(self, models: Sequence[dict[str, Any]]) -> None:
        self.state.anthropic_models = list(models)

    @property
    def recordings(self) -> dict[str, Recording]:
        """What models of these names answer instead."""
        return self.state.recordings

    def reset(self) -> None:
        """Forget requests, failures, counts and lists of models."""
        self.state.reset()
