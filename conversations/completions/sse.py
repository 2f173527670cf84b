"""Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) as HTTP responses."""

from collections.abc import Callable, Iterator
from typing import Any

from django.http import StreamingHttpResponse

from perf.api.rendering import encode

PING = b": ping\n\n"
# How OpenAPI describes an event of a stream.
EVENT = {
    "type": "object",
    "required": ["data"],
    "properties": {"data": {"type": "string", "description": "A JSON object; its `event` says what it is about."}},
}


def sse(event: dict[str, Any], number: int) -> bytes:
    """Encode one event of a stream; by its number a client says how far it has read."""
    return b"id: %d\ndata: %b\n\n" % (number, encode(event))


class ClosingResponse(StreamingHttpResponse):
    """A stream after whose end `ended` is called once, in every case.

    A generator that was never started never runs its `finally`, so a clean-up there would not run for a client that
    disconnects before the first byte.
    """

    def __init__(self, parts: Iterator[bytes], *, ended: Callable[[], None], content_type: str) -> None:
        super().__init__(parts, content_type=content_type)
        self._ended: Callable[[], None] | None = ended

    def close(self) -> None:
        """Close the stream, then call `ended`."""
        try:
            super().close()
        finally:
            if (ended := self._ended) is not None:
                self._ended = None
                ended()


class EventStreamResponse(ClosingResponse):
    """Streams events that no proxy or browser may buffer, cache or compress."""

    def __init__(self, events: Iterator[bytes], *, ended: Callable[[], None]) -> None:
        super().__init__(events, ended=ended, content_type="text/event-stream; charset=utf-8")
        self.headers["Cache-Control"] = "no-cache"
        self.headers["X-Accel-Buffering"] = "no"
