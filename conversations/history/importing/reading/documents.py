"""The documents of an uploaded file, as streams of JSON values: an array or an object, lines, or a database's rows."""

import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import ijson

from conversations.history.importing.reading.archives import (
    DAMAGES,
    Refused,
    histories,
    missing_shards,
    open_archive,
)
from conversations.history.importing.reading.formats import llm_logs

BUFFER = 65_536  # bytes read at once
MOST_OF_ONE = 64_000_000  # bytes of one conversation
ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
BOM = b"\xef\xbb\xbf"


class BrokenOff(Exception):
    """The rest of a document cannot be read; the text says why."""


class Measured:
    """A stream that knows how much was read, and refuses to read too much for one value."""

    def __init__(self, source: "_Joined") -> None:
        self._source, self._start = source, 0
        self.position = 0

    def begin_value(self) -> None:
        """Begin to count anew: the reader has taken a value."""
        self._start = self.position

    def read(self, size: int = -1) -> bytes:
        """Read on. Raises BrokenOff."""
        if self.position - self._start > MOST_OF_ONE:
            raise BrokenOff(f"A conversation is larger than {MOST_OF_ONE:,} bytes.")
        part = self._source.read(BUFFER if size < 0 else size)
        self.position += len(part)
        return part


@dataclass(frozen=True, slots=True)
class Document:
    """A part of a file: its name, its size in bytes, and how its values are read.

    `values` yields each value with the bytes read so far. It raises BrokenOff where the rest cannot be read.
    """

    name: str
    size: int
    values: Callable[[], Iterator[tuple[Any, int]]]


@contextmanager
def documents(path: Path, name: str) -> Iterator[tuple[list[Document], list[str]]]:
    """Yield the documents of a file, and what is missing from it, by names. Raises Refused."""
    with path.open("rb") as file:
        start = file.read(len(llm_logs.MAGIC))
    size = path.stat().st_size
    if start.startswith(ZIP_MAGICS):
        with open_archive(path) as archive:
            found = [_packed(archive, info) for info in histories(archive)]
            yield found, missing_shards(archive)
    elif start == llm_logs.MAGIC:
        yield [Document(name, size, lambda: _logs(path, size))], []
    elif not start.strip():
        raise Refused("The file is empty.")
    else:
        yield [Document(name, size, lambda: _opened(lambda: path.open("rb"), name))], []


def _packed(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Document:
    return Document(info.filename, info.file_size, lambda: _opened(lambda: archive.open(info), info.filename))


def _opened(open_file: Callable[[], IO[bytes]], name: str) -> Iterator[tuple[Any, int]]:
    try:
        with open_file() as file:
            beginning = file.read(BUFFER).removeprefix(BOM).lstrip()
            whole = Measured(_Joined(beginning, file))
            if not beginning:
                return
            if beginning.startswith(b"["):
                yield from _items(whole, "item")
            elif name.lower().endswith(".jsonl") or _is_lines(beginning):
                yield from _lines(whole)
            elif beginning.startswith(b"{"):
                yield from _items(whole, "")
            else:
                raise BrokenOff("It is no JSON.")
    except DAMAGES as error:
        raise BrokenOff(f"It is damaged: {error}") from error


class _Joined:
    """What was read of a stream before, and the rest of it."""

    def __init__(self, beginning: bytes, rest: IO[bytes]) -> None:
        self._beginning, self._rest = beginning, rest

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        if self._beginning:
            part, self._beginning = self._beginning[:size], self._beginning[size:]
            return part
        return self._rest.read(size)


def _items(source: Measured, prefix: str) -> Iterator[tuple[Any, int]]:
    """Yield the values at a prefix. Raises BrokenOff where it is no JSON."""
    try:
        for value in ijson.items(source, prefix, use_float=True, buf_size=BUFFER):
            source.begin_value()
            yield value, source.position
    except (ijson.JSONError, UnicodeDecodeError, OverflowError, RecursionError) as error:
        raise BrokenOff(f"It is no JSON from here on: {' '.join(str(error).split())[:200]}") from error


def _is_lines(beginning: bytes) -> bool:
    """Tell whether a text begins with a whole object in its first line, and another one in the second."""
    line, _, rest = beginning.partition(b"\n")
    try:
        return isinstance(json.loads(line), dict) and rest.lstrip().startswith(b"{")
    except ValueError:
        return False


def _lines(source: Measured) -> Iterator[tuple[Any, int]]:
    """Yield conversations with the messages in the lines after them, and all else as it stands. Raises BrokenOff."""
    waiting: dict[str, Any] | None = None
    size = 0  # bytes of the conversation that waits for its messages
    for number, line in enumerate(_split(source), start=1):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BrokenOff(f"Line {number} is no JSON: {error}") from error
        kind = value.get("type") if isinstance(value, dict) else None
        if waiting is not None and kind == "message" and value.get("conversation_id") == waiting.get("id"):
            waiting["messages"].append(value)
            size += len(line)
            if size > MOST_OF_ONE:
                raise BrokenOff(f"The conversation before line {number} is larger than {MOST_OF_ONE:,} bytes.")
            continue
        if waiting is not None:
            yield waiting, source.position
        waiting, size = ({**value, "messages": []}, 0) if kind == "conversation" else (None, 0)
        if waiting is None:
            yield value, source.position
    if waiting is not None:
        yield waiting, source.position


def _split(source: Measured) -> Iterator[bytes]:
    """Yield the lines of a stream that are not blank. Raises BrokenOff for one that is too long."""
    pieces: list[bytes] = []
    while part := source.read(BUFFER):
        first, *others = part.split(b"\n")
        pieces.append(first)
        for each in others:
            if line := b"".join(pieces).strip():
                yield line
            pieces = [each]
            source.begin_value()
    if line := b"".join(pieces).strip():
        yield line


def _logs(path: Path, size: int) -> Iterator[tuple[Any, int]]:
    try:
        for value in llm_logs.conversations(path):
            yield value, size // 2  # how far it is cannot be known
    except llm_logs.NoLogs as error:
        raise BrokenOff(f"It is no log of `llm`: {error}") from error
