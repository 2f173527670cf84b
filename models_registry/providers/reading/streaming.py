"""A streamed answer: bytes from the connection, events, text, cleaned and checked for its end."""

import contextlib
from collections.abc import Iterator, Sequence
from itertools import chain

from urllib3.exceptions import HTTPError

from models_registry.calls.usage import Usage
from models_registry.errors import MalformedAnswer, ProviderError, StreamBroken
from models_registry.providers.base import FinishReason, Piece, Reasoning, Relayed
from models_registry.providers.failures import Failures
from models_registry.providers.http import MAX_WHOLE_ANSWER, Answer
from models_registry.providers.reading.events import EventReader, parse
from models_registry.providers.reading.repetition import Repetition
from models_registry.providers.reading.sse import EventParser
from models_registry.providers.reading.text import CUT, TextCleaner
from models_registry.providers.reading.thinking import ThinkTags
from models_registry.providers.watchdog import Watchdog

PATIENCE = 0.25  # seconds for a body to end after its last event, so that the connection can be used again
BLANKS = b" \t\r\n\xef\xbb\xbf"  # what may precede JSON, a byte order mark among it

_watchdog = Watchdog(PATIENCE)


class ProviderStream:
    """The `CompletionStream` of all providers that are reached over HTTP.

    Events or one JSON document: the first bytes of the body tell which, not what was asked for nor what its type says.
    """

    def __init__(
        self, answer: Answer, reader: EventReader, failures: Failures, *, think_tags: bool = False, repeated: str = ""
    ) -> None:
        """Take the response; `repeated` is left out if the text begins with it."""
        self._answer = answer
        self._reader = reader
        self._failures = failures
        self._tags = ThinkTags() if think_tags else None
        self._repeated = repeated
        self._closed = False
        self.usage: Usage | None = None
        self.finish_reason: FinishReason | None = None
        self.tools: Sequence[str] = ()

    def __iter__(self) -> Iterator[Piece | Relayed]:
        try:
            with self._failures:
                yield from self._pieces()
        except ProviderError:
            if not self._closed:
                raise
        finally:
            self.usage, self.finish_reason = self._reader.usage, self._reader.finish_reason
            self.tools = self._reader.tools
            self.close()

    def close(self) -> None:
        """Give the connection up; before the end this drops it."""
        self._closed = True
        self._answer.cancel()

    def _pieces(self) -> Iterator[Piece | Relayed]:
        cleaners: dict[type[str], TextCleaner] = {Reasoning: TextCleaner(), str: TextCleaner()}
        repetitions: dict[type[str], Repetition] = {Reasoning: Repetition(""), str: Repetition(self._repeated)}
        for piece in self._told_apart():
            if self._closed:
                return
            if not isinstance(piece, str):
                yield piece
                continue
            kind = type(piece)
            cleaned = repetitions[kind].feed(cleaners[kind].feed(piece))
            if cleaned:
                yield kind(cleaned)
            if cleaners[kind].cut:
                self._reader.finish_reason = "length"
                raise StreamBroken(CUT)
        if self._closed:
            return
        for kind, cleaner in cleaners.items():
            if rest := cleaner.finish():
                yield kind(rest)
        if not self._reader.complete:
            raise self._unfinished()

    def _unfinished(self) -> ProviderError:
        kind = self._answer.headers.get("content-type", "")
        return StreamBroken() if not kind or kind.startswith("text/event-stream") else MalformedAnswer()

    def _told_apart(self) -> Iterator[Piece]:
        """Yield the pieces, with thinking between tags told apart where that is wanted."""
        tags, pieces = self._tags, self._texts(iter(self._answer))
        if tags is None:
            yield from pieces
            return
        try:
            for piece in pieces:
                if isinstance(piece, Reasoning) or not isinstance(piece, str):
                    yield piece
                else:
                    yield from tags.feed(piece)
        except (ProviderError, HTTPError):
            yield from tags.finish()
            raise
        yield from tags.finish()

    def _texts(self, chunks: Iterator[bytes]) -> Iterator[Piece]:
        start = b""
        while not (begun := start.lstrip(BLANKS)) and (chunk := next(chunks, None)) is not None:
            start += chunk
        if begun.startswith((b"{", b"[")):
            yield from filter(None, self._document(joined(chain([begun], chunks))))
        else:
            yield from self._events(chain([start], chunks))
        if self._reader.failure is not None:
            raise self._reader.failure

    def _document(self, content: bytes) -> Iterator[Piece]:
        """Read a whole answer, or an object that stands before events."""
        try:
            parse(content)
        except MalformedAnswer:
            if b"\ndata:" not in content:
                raise
            yield from self._events(iter([content]))
        else:
            yield from self._reader.read_whole(content)

    def _events(self, chunks: Iterator[bytes]) -> Iterator[Piece]:
        parser, reader = EventParser(), self._reader
        try:
            for chunk in chunks:
                for data in parser.feed(chunk):
                    yield from filter(None, reader.read(data))
                    if reader.ended or reader.failure is not None:
                        return self._drain(chunks)
        except HTTPError:
            if not reader.complete:
                raise
            return None
        if rest := parser.finish():
            try:
                yield from filter(None, reader.read(rest))
            except MalformedAnswer:  # cut within an event
                return None
        return None

    def _drain(self, chunks: Iterator[bytes]) -> None:
        """Read the end of the body, but do not wait long for a provider that leaves it open."""
        _watchdog.watch(self._answer.cancel)
        with contextlib.suppress(HTTPError):
            for _ in chunks:
                pass


def joined(chunks: Iterator[bytes]) -> bytes:
    """Read a body whole; raises MalformedAnswer for one over `MAX_WHOLE_ANSWER`."""
    pieces, size = [], 0
    for piece in chunks:
        pieces.append(piece)
        size += len(piece)
        if size > MAX_WHOLE_ANSWER:
            raise MalformedAnswer(f"The provider's answer has more than {MAX_WHOLE_ANSWER:,} bytes.")
    return b"".join(pieces)
