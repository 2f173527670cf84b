"""Clients that declare a body and send it a byte at a time, or not at all, and come again when they are put out."""

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
LOOK = 0.2  # seconds between two looks whether the attack is over
_over: Any = None  # the event that ends an attack from another process
GAP = 0.002  # seconds between the first connections of two clients


@dataclass(slots=True)
class Seen:
    """What slow clients saw: connections made, answers by status, connections closed by the server.

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
def attacked(
    url: str, heads: Sequence[bytes], *, clients: int, seconds: float, pause: float | None
) -> Iterator[Callable[[], Seen]]:
    """Have slow clients at work during the block, in a process of their own, for at most so many seconds.

    Yields what ends them and tells what they saw.
    """
    context = multiprocessing.get_context("spawn")
    over = context.Event()
    with ProcessPoolExecutor(1, mp_context=context, initializer=_obey, initargs=(over,)) as pool:
        work = pool.submit(attack, url, heads, clients=clients, seconds=seconds, pause=pause)

        def end() -> Seen:
            over.set()
            return work.result()

        try:
            yield end
        finally:
            over.set()


def _obey(over: Any) -> None:
    """Take the event of whoever started this process."""
    global _over  # one for the process
    _over = over


def attack(url: str, heads: Sequence[bytes], *, clients: int, seconds: float, pause: float | None) -> Seen:
    """Be slow clients, which take the heads in turn, for so many seconds.

    They send a byte each `pause` seconds, or nothing more when it is None, until the server closes the connection; then
    they connect anew.
    """
    parts = urlsplit(url)
    address = (parts.hostname or "127.0.0.1", parts.port or 80)
    return asyncio.run(_attack(address, heads, clients, time.monotonic() + seconds, pause))


async def _attack(
    address: tuple[str, int], heads: Sequence[bytes], clients: int, until: float, pause: float | None
) -> Seen:
    seen = Seen()
    tasks = []
    for number in range(clients):
        tasks.append(asyncio.create_task(_client(address, heads[number % len(heads)], pause, seen)))
        await asyncio.sleep(GAP)
    while time.monotonic() < until and not (_over and _over.is_set()):
        await asyncio.sleep(LOOK)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return seen


async def _client(address: tuple[str, int], begin: bytes, pause: float | None, seen: Seen) -> None:
    """Be one client until it is cancelled."""
    piece = b"1\r\n \r\n" if b"chunked" in begin else b" "
    while True:
        try:
            reader, writer = await asyncio.open_connection(*address)
        except OSError:
            seen.refused += 1
            await asyncio.sleep(0.1)
            continue
        seen.connected += 1
        sending = asyncio.create_task(_send(writer, begin, piece, pause))
        try:
            await _listen(reader, seen)
        finally:
            sending.cancel()
            writer.close()


async def _send(writer: asyncio.StreamWriter, begin: bytes, piece: bytes, pause: float | None) -> None:
    writer.write(begin + piece)
    while pause is not None:
        await asyncio.sleep(pause)
        writer.write(piece)


async def _listen(reader: asyncio.StreamReader, seen: Seen) -> None:
    """Count the answer, and return when the connection is closed."""
    answered = None
    try:
        while part := await reader.read(65_536):
            if answered is None:
                answered = time.monotonic()
                seen.statuses[int(part[9:12])] += 1
    except OSError:  # closed with what we sent last unread
        pass
    seen.closed += 1
    if answered is not None:
        seen.closed_after.append(time.monotonic() - answered)
