"""What the readers of all wire formats share: errors inside of answers, how they ended, what they counted."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from models_registry.calls.usage import Counts, Usage
from models_registry.errors import MalformedAnswer, ProviderError
from models_registry.providers.base import FinishReason, Piece
from models_registry.providers.failures import Failures
from models_registry.providers.reading.finish import finish_reason
from models_registry.providers.reading.sse import ErrorData

# An object with one of these is an answer, or a part of one.
CONTENT = frozenset({"choices", "content", "delta", "object", "type", "usage", "data"})
MAX_TOOLS = 5  # names that are kept


class EventReader(ABC):
    """Reads an answer of one wire format, event by event or whole; what it learns beside the text are its attributes.

    `complete` says that the model finished its answer, `ended` that the format's own last event came. `finish_reason`
    is None where the provider does not say it, `tools` are the names of those that the model asked for. `failure` is
    the error that an answer ended with after its last piece, `counts_alone` says that the last event held nothing but
    counts of tokens. `answer_id` is the vendor's name for the answer, where clients may ask for it by that.
    """

    def __init__(self, failures: Failures) -> None:
        self.complete = False
        self.ended = False
        self.finish_reason: FinishReason | None = None
        self.tools: list[str] = []
        self.failure: ProviderError | None = None
        self.counts_alone = False
        self.answer_id = ""
        self._failures = failures
        self._counts = Counts()

    @property
    @abstractmethod
    def usage(self) -> Usage | None:
        """What was reported so far, None when nothing was."""

    @abstractmethod
    def event(self, event: dict[str, Any]) -> Sequence[Piece]:
        """Read one parsed event for its pieces; raises MalformedAnswer."""

    @abstractmethod
    def whole(self, answer: dict[str, Any]) -> Sequence[Piece]:
        """Read a whole answer for the same; raises MalformedAnswer."""

    def read(self, data: bytes) -> Sequence[Piece]:
        """Read the data of one event; raises MalformedAnswer, or the error that it reports."""
        if isinstance(data, ErrorData):
            raise self._error_event(data)
        event = loads(data)
        self.check(event)
        return self.event(event)

    def read_whole(self, content: bytes) -> Sequence[Piece]:
        """Read a whole answer; raises MalformedAnswer, or the error that it is."""
        parsed = parse(content)
        answer = parsed[0] if isinstance(parsed, list) and parsed else parsed
        if not isinstance(answer, dict):
            raise MalformedAnswer
        self.check(answer)
        pieces = self.whole(answer)
        self.complete = self.ended = True
        return pieces

    def check(self, event: Mapping[str, Any]) -> None:
        """Raise the error that an event or answer reports: in `error`, as an error itself, or as a sentence alone."""
        if event.get("error"):
            self.fail(event["error"])
        if event.get("object") == "error" or event.get("type") == "error":
            self.fail(event)
        if CONTENT.isdisjoint(event) and any(event.get(name) for name in ("message", "detail", "msg")):
            self.fail(event)

    def fail(self, error: Any) -> None:
        """Raise the error that the provider reports."""
        self.finish_reason = "error"
        raise self._failures.reported(error)

    def finish(self, word: Any, error: Any = None) -> None:
        """Take the reason why the answer ends, and the error that it ends with."""
        if not word and not error:
            return
        self.complete = True
        self.finish_reason = "error" if error else finish_reason(word)
        if self.finish_reason == "error":
            self.failure = self._failures.reported(error or f"The provider ended its answer with an error ({word}).")

    def called(self, name: Any) -> None:
        """Take the name of a tool that the model asks for."""
        if len(self.tools) < MAX_TOOLS:
            self.tools.append(name if isinstance(name, str) and name else "?")

    def _error_event(self, data: bytes) -> ProviderError:
        self.finish_reason = "error"
        try:
            error = loads(data)
        except MalformedAnswer:
            return self._failures.reported(data.decode(errors="replace"))
        return self._failures.reported(error.get("error") or error)


def parse(content: bytes) -> Any:
    """Parse JSON, also after a byte order mark; raises MalformedAnswer."""
    try:
        return json.loads(content.decode("utf-8-sig", errors="replace"))  # bytes would make json guess the encoding
    except (ValueError, RecursionError):
        raise MalformedAnswer from None


def loads(content: bytes) -> dict[str, Any]:
    """Parse a JSON object; raises MalformedAnswer for anything else."""
    parsed = parse(content)
    if not isinstance(parsed, dict):
        raise MalformedAnswer
    return parsed
