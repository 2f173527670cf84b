"""An incremental parser of server-sent events, for bytes cut anywhere."""

from models_registry.errors import MalformedAnswer

MAX_EVENT = 10_000_000  # bytes


class ErrorData(bytes):
    """The data of an event that calls itself an error: `event: error`, or llama.cpp's lines `error: …`."""


class EventParser:
    """Takes bytes as they arrive and gives the `data` of each event that is complete by then.

    After https://html.spec.whatwg.org/multipage/server-sent-events.html: a line ends with LF, CRLF or CR, and with
    nothing else (not U+2028, where `str.splitlines` would cut); comments and other fields are dropped, the `data` lines
    of an event are joined with LF. Events without data are none. Beyond it, the last event counts without the blank
    line after it, errors are `ErrorData`, and a line that is a JSON object without `data:` is one: so servers report
    errors.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0
        self._ends_with_lf = False
        self._skip_lf = False
        self._started = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take the next bytes; raises MalformedAnswer for an event over `MAX_EVENT`."""
        return [data for event in self.feed_raw(chunk) if (data := data_of(event))]

    def feed_raw(self, chunk: bytes) -> list[bytes]:
        """Take the next bytes and give the events as they are, without the blank line; comments are among them."""
        if self._skip_lf or b"\r" in chunk:
            chunk = self._with_line_feeds(chunk)
        if not chunk:
            return []
        at_line_end, self._ends_with_lf = self._ends_with_lf, chunk.endswith(b"\n")
        if not (b"\n\n" in chunk or (at_line_end and chunk.startswith(b"\n"))):
            self._keep(chunk)
            return []
        if self._parts:
            chunk = b"".join((*self._parts, chunk))
        if not self._started:
            self._started = True
            chunk = chunk.removeprefix(b"\xef\xbb\xbf")
        *events, rest = chunk.split(b"\n\n")
        self._parts, self._size = [], 0
        if rest:
            self._keep(rest)
        return events

    def finish(self) -> bytes:
        """Give the data of an event that no blank line ended; empty when there is none."""
        return data_of(self.finish_raw())

    def finish_raw(self) -> bytes:
        """Give an event that no blank line ended as it is; empty when there is none."""
        rest, self._parts = b"".join(self._parts), []
        return rest.removeprefix(b"\xef\xbb\xbf") if not self._started else rest

    def _with_line_feeds(self, chunk: bytes) -> bytes:
        """Turn every line end into LF; the LF of a CRLF that was cut in two is dropped."""
        ends_with_cr = chunk.endswith(b"\r") if chunk else self._skip_lf
        if self._skip_lf:
            chunk = chunk.removeprefix(b"\n")
        self._skip_lf = ends_with_cr
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _keep(self, chunk: bytes) -> None:
        self._parts.append(chunk)
        self._size += len(chunk)
        if self._size > MAX_EVENT:
            raise MalformedAnswer("The provider sent an event of more than 10 MB.")


def data_of(event: bytes) -> bytes:
    """Join the data lines of an event that `feed_raw` gave."""
    if b"\n" not in event and event.startswith(b"data: "):
        return event[6:]
    data, is_error = [], False
    for line in event.split(b"\n"):
        name, _, value = line.partition(b":")
        if name in (b"data", b"error"):
            data.append(value.removeprefix(b" "))
            is_error |= name == b"error"
        elif name == b"event":
            is_error |= value.strip() == b"error"
        elif line.startswith(b"{"):
            data.append(line)
    joined = b"\n".join(data)
    return ErrorData(joined) if is_error and joined else joined
