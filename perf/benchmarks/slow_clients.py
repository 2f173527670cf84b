"""Clients that declare a body and send it a byte at a time, or not at all, and connect anew once they are closed."""

import asyncio
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

DECLARED = 1000  # bytes
POLL_INTERVAL = 0.2  # seconds between two looks whether the clients are to stop
_stop: Any = None  # the event with which another process ends them
GAP = 0.002  # seconds between the first connections of two clients


@dataclass(slots=True)
class SlowClientResult:
    """What happened to slow clients: connections made, answers by status, connections closed by the server.

    `closed_after` are the seconds from an answer to the end of its connection.
    """

    connected: int = 0
    refused: int = 0
    closed: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    closed_after: list[float] = field(default_factory=list)


def head(url: str, method: str, path: str, *, chunked: bool) -> bytes:
    """Write the head of a request whose body will take its time."""
    kind = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {DECLARED}"
    host = urlsplit(url).netloc
    lines = (f"{method} {path} HTTP/1.1", f"Host: {host}", "Content-Type: application/json", kind, "", "")
    return "\r\n".join(lines).encode()


@contextmanager
def slow_clients(
    url: str, heads: Sequence[bytes], *, clients: int, seconds: float, pause: float | None
) -> Iterator[Callable[[], SlowClientResult]]:
    """Have slow clients at work during the block, in a process of their own, for at most so many seconds.

    Yields a function that ends them and returns their result.
    """
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    with ProcessPoolExecutor(1, mp_context=context, initializer=_stop_with, initargs=(stop,)) as pool:
        work = pool.submit(run_slow_clients, url, heads, clients=clients, seconds=seconds, pause=pause)

        def end() -> SlowClientResult:
            stop.set()
            return work.result()

        try:
            yield end
        finally:
            stop.set()


def _stop_with(event: Any) -> None:
    """Take the event of the process that started this one."""
    global _stop  # one for the process
    _stop = event


def run_slow_clients(
    url: str, heads: Sequence[bytes], *, clients: int, seconds: float, pause: float | None
) -> SlowClientResult:
    """Be slow clients, which take the heads in turn, for so many seconds.

    They send a byte each `pause` seconds, or nothing more when it is None, until the server closes the connection; then
    they connect anew.
    """
    parts = urlsplit(url)
    address = (parts.hostname or "127.0.0.1", parts.port or 80)
    return asyncio.run(_run(address, heads, clients, time.monotonic() + seconds, pause))


async def _run(
    address: tuple[str, int], heads: Sequence[bytes], clients: int, until: float, pause: float | None
) -> SlowClientResult:
    result = SlowClientResult()
    tasks = []
    for number in range(clients):
        tasks.append(asyncio.create_task(_client(address, heads[number % len(heads)], pause, result)))
        await asyncio.sleep(GAP)
    while time.monotonic() < until and not (_stop and _stop.is_set()):
        await asyncio.sleep(POLL_INTERVAL)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return result


async def _client(address: tuple[str, int], begin: bytes, pause: float | None, result: SlowClientResult) -> None:
    """Be one client until it is cancelled."""
    piece = b"1\r\n \r\n" if b"chunked" in begin else b" "
    while True:
        try:
            reader, writer = await asyncio.open_connection(*address)
        except OSError:
            result.refused += 1
            await asyncio.sleep(0.1)
            continue
        result.connected += 1
        sending = asyncio.create_task(_send(writer, begin, piece, pause))
        try:
            await _listen(reader, result)
        finally:
            sending.cancel()
            writer.close()


async def _send(writer: asyncio.StreamWriter, begin: bytes, piece: bytes, pause: float | None) -> None:
    writer.write(begin + piece)
    while pause is not None:
        await asyncio.sleep(pause)
        writer.write(piece)


async def _listen(reader: asyncio.StreamReader, result: SlowClientResult) -> None:
    """Count the answer, and return when the connection is closed."""
    answered = None
    try:
        while part := await reader.read(65_536):
            if answered is None:
                answered = time.monotonic()
                result.statuses[int(part[9:12])] += 1
    except OSError:  # closed with what we sent last unread
        pass
    result.closed += 1
    if answered is not None:
        result.closed_after.append(time.monotonic() - answered)
