"""Reads a file of any known format: which format it is, and its conversations one after the other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from conversations.history.importing.reading.archives import Refused
from conversations.history.importing.reading.documents import BrokenOff, Document, documents
from conversations.history.importing.reading.formats import chatgpt, claude, librechat, llm_logs, openwebui, own
from conversations.history.importing.reading.parsed import Broken, Parsed
from conversations.history.importing.reading.values import mapping, one_line

LOOKED_AT = 100  # values of a document of which one must be of a known format
TITLE = 80  # characters of a title in a place


class Format(Protocol):
    """A module of `formats`."""

    NAME: str
    LOOKS_LIKE: str

    def recognise(self, value: Mapping[str, Any], /) -> bool:
        """Tell whether an object is a conversation in this format."""

    def read(self, value: Mapping[str, Any], /) -> Parsed:
        """Read a conversation. Raises Broken."""


FORMATS: tuple[Format, ...] = (own, chatgpt, claude, openwebui, librechat, llm_logs)


class Position(NamedTuple):
    """How far a file was read: whole documents, and values of the next one."""

    document: int
    value: int


@dataclass(frozen=True, slots=True)
class Item:
    """A value of a file: what it became, or why it is skipped; `done` is the share of the file up to it, 0 to 1."""

    after: Position
    place: str
    parsed: Parsed | None
    reason: str
    done: float


def recognised(path: Path, name: str) -> str:
    """Return the name of the format of a file. Raises Refused, which says what was looked for."""
    with documents(path, name) as (found, _):
        unreadable = ""
        for document in found:
            try:
                if form := _format_of(document):
                    return form.NAME
            except BrokenOff as error:
                unreadable = f" {document.name}: {error}"
    looked = ", ".join(each.LOOKS_LIKE for each in FORMATS)
    raise Refused(f"No known history was found in the file.{unreadable} Looked for: {looked}.")


def items(path: Path, name: str, start: Position = Position(0, 0)) -> Iterator[Item]:  # noqa: B008 - a constant
    """Yield the values of a file from a position on. Raises Refused."""
    with documents(path, name) as (found, missing):
        total, before = sum(document.size for document in found) or 1, 0
        for number, document in enumerate(found):
            if number >= start.document:
                skipped = start.value if number == start.document else 0
                yield from _items(document, number, skipped, before, total)
            before += document.size
        for each in missing:
            yield Item(
                Position(len(found), 0), each, None, "The export names this file, but it is not in the ZIP.", 1.0
            )


def _items(document: Document, number: int, skipped: int, before: int, total: int) -> Iterator[Item]:
    try:
        form = _format_of(document)
    except BrokenOff as error:
        yield Item(Position(number + 1, 0), document.name, None, str(error), (before + document.size) / total)
        return
    done, index = before / total, 0
    try:
        for index, (value, read) in enumerate(document.values(), start=1):
            if index <= skipped:
                continue
            done = min(1.0, (before + read) / total)
            yield _item(form, value, Position(number, index), f"{document.name}, item {index}", done)
    except BrokenOff as error:
        yield Item(Position(number + 1, 0), f"{document.name}, after item {index}", None, str(error), done)


def _item(form: Format | None, value: Any, after: Position, place: str, done: float) -> Item:
    """Read one value; whatever is wrong with it is its own."""
    if isinstance(value, Mapping):
        named = one_line(value.get("title") or value.get("name") or mapping(value.get("chat")).get("title"))
        place = f"{place}, {named[:TITLE]!r}" if named else place
    try:
        if not isinstance(value, Mapping):
            raise Broken("It is no object.")  # noqa: TRY301 - as the readers do
        used = next((each for each in FORMATS if each.recognise(value)), form)
        if used is None:
            raise Broken("It is of no known format.")  # noqa: TRY301
        parsed = used.read(value)
        parsed.source = used.NAME
        return Item(after, place, parsed, "", done)
    except Broken as error:
        return Item(after, place, None, str(error), done)
    except (TypeError, ValueError, KeyError, AttributeError, IndexError, RecursionError, OverflowError) as error:
        return Item(after, place, None, f"It is not as expected ({type(error).__name__}: {error})"[:200], done)


def _format_of(document: Document) -> Format | None:
    """Return the format of the first values of which one has a known one. Raises BrokenOff if none can be read."""
    broken: BrokenOff | None = None
    values = document.values()
    try:
        for _, (value, _) in zip(range(LOOKED_AT), values, strict=False):
            for each in FORMATS:
                if isinstance(value, Mapping) and each.recognise(value):
                    return each
    except BrokenOff as error:
        broken = error
    if broken:
        raise broken
    return None
