"""Clients that declare a body and send it a byte at a time, or not at all, and come again when they are put out."""

import asyncio
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

DECLARED = 1000  # bytes
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
def besieged(url: str, heads: Sequence[bytes], *, clients: int, seconds: float, pause: float | None) -> Iterator[None]:
    """Have slow clients at work during the block, in a process of their own, for at most so many seconds."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        work = pool.submit(attack, url, heads, clients=clients, seconds=seconds, pause=pause)
        yield
        work.result()


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
        tasks.append(asyncio.create_task(_client(address, heads[number % len(heads)], until, pause, seen)))
        await asyncio.sleep(GAP)
    await asyncio.gather(*tasks)
    return seen


async def _client(address: tuple[str, int], begin: bytes, until: float, pause: float | None, seen: Seen) -> None:
    chunked = b"chunked" in begin
    piece = b"1\r\n \r\n" if chunked else b" "
    while time.monotonic() < until:
        try:
            reader, writer = await asyncio.open_connection(*address)
        except OSError:
            seen.refused += 1
            await asyncio.sleep(0.1)
            continue
        seen.connected += 1
        sending = asyncio.create_task(_send(writer, begin, piece, pause))
        try:
            await asyncio.wait_for(_listen(reader, seen), until - time.monotonic())
        except TimeoutError:
            return
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
