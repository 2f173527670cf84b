"""A minimal HTTP/1.1 server: keep-alive, request bodies with a length, whole and chunked responses."""

import asyncio
from collections.abc import Awaitable, Callable
from http.client import responses
from typing import NamedTuple


class Request(NamedTuple):
    """One request; header names are lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Handler = Callable[["Connection", Request], Awaitable[None]]


class Connection(asyncio.Protocol):
    """One client: reads one request after the other and runs `handler` for each, until either side closes."""

    def __init__(self, handler: Handler, connections: "set[Connection]") -> None:
        self._handler = handler
        self._connections = connections
        self._buffer = b""
        self._task: asyncio.Future[None] | None = None
        self._writable: asyncio.Event | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Register the connection."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows the type
        self._transport = transport
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Unregister the connection and cancel its handler."""
        self._connections.discard(self)
        self.resume_writing()
        self._cancel()

    def eof_received(self) -> bool:
        """Cancel the handler; no SDK reads on after it has closed its side."""
        self._cancel()
        return False

    def pause_writing(self) -> None:
        """Make `send` wait for a client that reads slowly."""
        self._writable = asyncio.Event()

    def resume_writing(self) -> None:
        """Let `send` continue."""
        if self._writable is not None:
            self._writable.set()
            self._writable = None

    def data_received(self, data: bytes) -> None:
        """Collect the bytes of a request; handle it once it is complete."""
        self._buffer = self._buffer + data if self._buffer else data
        if self._task is None:
            self._next_request()

    def _next_request(self) -> None:
        request = self._parse()
        if request is not None:
            self._task = asyncio.ensure_future(self._handler(self, request))
            self._task.add_done_callback(self._handled)

    def _handled(self, task: "asyncio.Future[None]") -> None:
        self._task = None
        if task.cancelled():
            return
        if task.exception() is not None or self._transport.is_closing():
            self._transport.close()
            return
        self._next_request()

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _parse(self) -> Request | None:
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return None
        self._buffer = rest[length:]
        return Request(method, path, headers, rest[:length])

    def respond(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """Send a whole response."""
        self._transport.write(_head(status, {**headers, "content-length": str(len(body))}) + body)

    def start(self, headers: dict[str, str], status: int = 200) -> None:
        """Send the head of a chunked answer."""
        self._transport.write(_head(status, {**headers, "transfer-encoding": "chunked"}))

    async def send(self, data: bytes) -> None:
        """Send one chunk; waits while the client reads slowly."""
        self._transport.write(b"%x\r\n%b\r\n" % (len(data), data))
        if self._writable is not None:
            await self._writable.wait()

    def finish(self) -> None:
        """End the chunked body."""
        self._transport.write(b"0\r\n\r\n")

    def write(self, data: bytes) -> None:
        """Send raw bytes."""
        self._transport.write(data)

    def close(self) -> None:
        """Close once everything written is sent, even before the announced length is reached."""
        self._transport.close()


def _head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {responses.get(status, 'Unknown')}", *map(": ".join, headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
