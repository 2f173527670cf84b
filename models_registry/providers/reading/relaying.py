"""An answer that is passed on as it came, while it is read for what is kept of it."""

import contextlib
from collections.abc import Iterator, Sequence
from itertools import chain

from urllib3.exceptions import HTTPError

from models_registry.errors import MalformedAnswer, ProviderError
from models_registry.providers.base import Piece, Reasoning, Relayed
from models_registry.providers.failures import Failures
from models_registry.providers.http import Answer
from models_registry.providers.reading.events import EventReader
from models_registry.providers.reading.sse import EventParser, data_of
from models_registry.providers.reading.streaming import BLANKS, ProviderStream, joined
from models_registry.providers.reading.text import TextCleaner


class RelayedStream(ProviderStream):
    """Yields `Relayed`: whole events, or the whole document, with their pieces.

    An endpoint that answers a stream with a document, or the reverse, gives the pieces alone. With `hide_usage` the
    event that counts the tokens alone is left out: only we asked for it. An error inside of the answer is raised and
    not passed on; text over the limit of what is stored is passed on and not kept. An `answer_id` is written in place
    of the answer's own id, which its reader names.
    """

    def __init__(
        self,
        answer: Answer,
        reader: EventReader,
        failures: Failures,
        *,
        streamed: bool,
        hide_usage: bool = False,
        answer_id: str = "",
    ) -> None:
        super().__init__(answer, reader, failures)
        self._streamed, self._hide_usage, self._answer_id = streamed, hide_usage, answer_id
        self._cleaners: dict[type[str], TextCleaner] = {Reasoning: TextCleaner(), str: TextCleaner()}

    def _pieces(self) -> Iterator[Piece | Relayed]:
        for relayed in self._relayed(iter(self._answer)):
            if self._closed:
                return
            yield relayed
        if self._reader.failure is not None:
            raise self._reader.failure
        if not self._closed and not self._reader.complete:
            raise self._unfinished()

    def _relayed(self, chunks: Iterator[bytes]) -> Iterator[Piece | Relayed]:
        start = b""
        while not (begun := start.lstrip(BLANKS)) and (chunk := next(chunks, None)) is not None:
            start += chunk
        if begun.startswith((b"{", b"[")):
            content = joined(chain([begun], chunks))
            pieces = self._cleaned(self._reader.read_whole(content))
            yield from pieces if self._streamed else [Relayed(self._renamed(content), pieces)]
            return
        for relayed in self._relayed_events(chain([start], chunks)):
            yield from [relayed] if self._streamed else relayed.pieces

    def _relayed_events(self, chunks: Iterator[bytes]) -> Iterator[Relayed]:
        parser = EventParser()
        try:
            for chunk in chunks:
                yield from self._read(parser.feed_raw(chunk))
                if self._reader.ended or self._reader.failure is not None:
                    return self._drain(chunks)
        except HTTPError:
            if not self._reader.complete:
                raise
            return None
        if rest := parser.finish_raw():
            with contextlib.suppress(MalformedAnswer):  # cut within an event
                yield from self._read([rest])
        return None

    def _read(self, events: list[bytes]) -> Iterator[Relayed]:
        """Read events that arrived together; those before one that is an error are passed on before it is raised."""
        passed: list[bytes] = []
        pieces: list[Piece] = []
        last = b""
        failure: ProviderError | None = None
        for event in events:
            data = data_of(event)
            try:
                pieces += self._cleaned(self._reader.read(data)) if data else ()
            except ProviderError as error:
                failure = error
            if failure is not None or self._reader.failure is not None:
                break
            if self._reader.ended:
                last = self._renamed(event) + b"\n\n"
                break
            if event and not (data and self._hide_usage and self._reader.counts_alone):
                passed.append(self._renamed(event) + b"\n\n")
        if passed or pieces:
            yield Relayed(b"".join(passed), pieces)
        if last:
            yield Relayed(last, last=True)
        if failure is not None:
            raise failure

    def _renamed(self, data: bytes) -> bytes:
        own = self._reader.answer_id
        return data.replace(f'"{own}"'.encode(), f'"{self._answer_id}"'.encode()) if self._answer_id and own else data

    def _cleaned(self, pieces: Sequence[Piece]) -> list[Piece]:
        """Make text storable; the rest is when it is stored."""
        cleaned: list[Piece] = []
        for piece in pieces:
            if isinstance(piece, str):
                kind = type(piece)
                cleaned.append(kind(self._cleaners[kind].feed(piece)))
            else:
                cleaned.append(piece)
        return [piece for piece in cleaned if piece]
