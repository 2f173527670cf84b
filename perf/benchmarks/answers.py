"""Recorded answers, which the ceiling repeats."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

# Header fields that every server adds, or that belong to one connection.
NOT_COPIED = {"server", "date", "transfer-encoding", "connection"}


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """An answer: its header fields but for those that every server adds, and its body, in chunks if it is a stream."""

    status: int
    headers: dict[str, str]
    pieces: list[str]
    streamed: bool = False


def record(method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> RecordedAnswer:
    """Ask a server, and keep what it answers."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=60)
    try:
        content = {"Content-Type": "application/json"} if body else {}
        connection.request(method, target_of(url), body or None, {**headers, **content})
        response = connection.getresponse()
        kept = {name: value for name, value in response.getheaders() if name.lower() not in NOT_COPIED}
        streamed = response.getheader("Transfer-Encoding") == "chunked"
        pieces = iter(response.read1, b"")  # at most one chunk each
        return RecordedAnswer(response.status, kept, [piece.decode() for piece in pieces], streamed)
    finally:
        connection.close()


def target_of(url: str) -> str:
    """Return the path and query of a URL."""
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def write(path: Path, answers: Mapping[str, RecordedAnswer]) -> None:
    """Keep answers by target for another process."""
    path.write_text(json.dumps({target: asdict(answer) for target, answer in answers.items()}))


def read(path: Path) -> dict[str, RecordedAnswer]:
    """Read what `write` kept."""
    return {target: RecordedAnswer(**answer) for target, answer in json.loads(path.read_text()).items()}
