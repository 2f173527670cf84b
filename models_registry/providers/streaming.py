"""A streamed answer: bytes from the connection, events, text, cleaned and checked for its end."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

from urllib3.exceptions import HTTPError

from models_registry.errors import MalformedAnswer, ProviderError, StreamBroken
from models_registry.providers.base import Reasoning
from models_registry.providers.failures import Failures
from models_registry.providers.http import Answer
from models_registry.providers.sse import EventParser
from models_registry.providers.text import CUT, TextCleaner
from models_registry.providers.watchdog import Watchdog
from models_registry.usage import Usage

PATIENCE = 0.25  # seconds for a body to end after its last event, so that the connection can be used again

_watchdog = Watchdog(PATIENCE)


class EventReader(ABC):
    """Reads the events of one wire format; what it learns beside the text is in its attributes."""

    complete = False  # the model finished its answer
    ended = False  # the format's own last event came

    @property
    @abstractmethod
    def usage(self) -> Usage | None:
        """What the events reported so far, None when they did not."""

    @abstractmethod
    def read(self, data: bytes) -> Sequence[str]:
        """Read one event for its pieces of text and `Reasoning`.

        Raises MalformedAnswer, or the error that the event reports.
        """


class ProviderStream:
    """The `CompletionStream` of all providers that are reached over HTTP."""

    def __init__(self, answer: Answer, reader: EventReader, failures: Failures) -> None:
        self._answer = answer
        self._reader = reader
        self._failures = failures
        self._closed = False
        self.usage: Usage | None = None

    def __iter__(self) -> Iterator[str]:
        try:
            with self._failures:
                yield from self._pieces()
        except ProviderError:
            if not self._closed:
                raise
        finally:
            self.usage = self._reader.usage
            self.close()

    def close(self) -> None:
        """Give the connection up; before the end this drops it."""
        self._closed = True
        self._answer.cancel()

    def _pieces(self) -> Iterator[str]:
        chunks: Iterator[bytes] = iter(self._answer)
        cleaners: dict[type[str], TextCleaner] = {Reasoning: TextCleaner(), str: TextCleaner()}
        for piece in self._texts(chunks):
            if self._closed:
                return
            kind = type(piece)
            cleaned = cleaners[kind].feed(piece)
            if cleaned:
                yield kind(cleaned)
            if cleaners[kind].cut:
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

    def _texts(self, chunks: Iterator[bytes]) -> Iterator[str]:
        parser, reader = EventParser(), self._reader
        try:
            for chunk in chunks:
                for data in parser.feed(chunk):
                    yield from filter(None, reader.read(data))
                    if reader.ended:
                        return self._drain(chunks)
        except HTTPError:
            if not reader.complete:
                raise
        return None

    def _drain(self, chunks: Iterator[bytes]) -> None:
        """Read the end of the body, but do not wait long for a provider that leaves it open."""
        _watchdog.watch(self._answer.cancel)
        with contextlib.suppress(HTTPError):
            for _ in chunks:
                pass
