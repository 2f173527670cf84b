"""The WSGI middleware through which applications read request bodies."""

import functools
import io
from collections.abc import Callable, Iterable, Iterator
from queue import SimpleQueue
from typing import IO, TYPE_CHECKING, Any, cast

from django.conf import settings
from django.http import JsonResponse
from rest_framework.exceptions import APIException

from conversations.history.importing.storage import receiving
from llmselect_project.api.bodies.connections import ConnectionCloser
from llmselect_project.api.bodies.limits import body_limit, is_large
from llmselect_project.api.bodies.readers import PROMPT_WAIT, BodyRead, BodyTimeout, ReaderPool, ReadersBusy
from llmselect_project.api.envelope import envelope, in_protocol
from llmselect_project.api.errors import BodyNotRead, RequestTimeout, RequestTooLarge, TooManyBodies
from perf.db.connections import release

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

DRAIN_FACTOR = 5  # times the limit: how much of a too large body is read, so that its client reads the response
WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class WorkSlots:
    """A semaphore for requests that are worked on; those that wait for their body do not count."""

    def __init__(self, count: int) -> None:
        self._free: SimpleQueue[None] = SimpleQueue()
        for _ in range(count):
            self._free.put(None)

    def acquire(self) -> None:
        """Wait for a slot and take it."""
        self._free.get()

    def release(self) -> None:
        """Free a slot."""
        self._free.put(None)


class Body(io.RawIOBase):
    """A body that is fetched at the first read, which raises BodyNotRead if it does not arrive.

    Then `refusal` is the error for the client, and `pending` the read in which a reader is blocked.
    """

    def __init__(self, size: int, limit: int, fetch: Callable[[], IO[bytes]]) -> None:
        self.refusal: APIException | None = None
        self.pending: BodyRead | None = None
        self._size, self._limit, self._fetch = size, limit, fetch
        self.was_read = False
        self._content: IO[bytes] | None = None

    def read(self, size: int | None = -1) -> bytes:
        """Return so many bytes, or the rest. Raises BodyNotRead."""
        return self._whole().read(-1 if size is None else size)

    def readline(self, size: int | None = -1) -> bytes:
        """Return a line. Raises BodyNotRead."""
        return self._whole().readline(-1 if size is None else size)

    def discard(self) -> None:
        """Free what the content takes."""
        if self._content is not None:
            self._content.close()

    def _whole(self) -> IO[bytes]:
        if self._size > self._limit + 1 and self.refusal is None:
            raise self._refuse(RequestTooLarge(self._limit))
        if self.refusal is not None:
            raise BodyNotRead(self.refusal)
        if self._content is None:
            self.was_read = True
            try:
                self._content = self._fetch()
            except BodyTimeout as error:
                self.pending = error.read
                raise self._refuse(RequestTimeout()) from error
            except ReadersBusy as error:
                raise self._refuse(TooManyBodies()) from error
        return self._content

    def _refuse(self, refusal: APIException) -> BodyNotRead:
        self.refusal = refusal
        return BodyNotRead(refusal)


class BodyMiddleware:
    """Gives an application bodies that are fetched only if it reads them, within bounded time.

    A chunked body has no length, and Django would take it for empty. So it gets a length of one byte over the `limit`
    of its path: the stream tells its real end, and a body over the limit is refused like any other. Methods without a
    body get none. The application works on at most `slots` requests at once; the server has more threads, for those
    that wait.
    """

    def __init__(
        self, application: "WSGIApplication", *, limit: Callable[[str], int], readers: ReaderPool, slots: int
    ) -> None:
        self.application, self.limit, self.readers = application, limit, readers
        self.slots = WorkSlots(slots)
        self.connections = ConnectionCloser()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Handle a request."""
        self.slots.acquire()
        try:
            size = self._declared_size(environ)
            if size and environ["REQUEST_METHOD"] not in WITHOUT_BODY:
                response = self._with_body(environ, start_response, size)
            else:
                if size:
                    environ["CONTENT_LENGTH"] = "0"
                response = self.application(environ, start_response)
        except BaseException:
            self.slots.release()
            raise
        if getattr(response, "streaming", False):
            return _StreamWithSlot(response, self.slots)
        self.slots.release()
        return response

    def _declared_size(self, environ: "WSGIEnvironment") -> int:
        if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
            return self.limit(environ["PATH_INFO"]) + 1
        try:
            return int(environ.get("CONTENT_LENGTH") or 0)
        except ValueError:
            return 0

    def _with_body(self, environ: "WSGIEnvironment", start_response: "StartResponse", size: int) -> Iterable[bytes]:
        source, limit = environ["wsgi.input"], self.limit(environ["PATH_INFO"])
        large = is_large(environ["PATH_INFO"])
        body = Body(size, limit, functools.partial(self._fetch, source, size, large=large))
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = body, str(size)
        started: list[Any] = []
        response = self.application(environ, lambda *given: started.extend(given))  # type: ignore[arg-type]
        if body.was_read and body.refusal is None:
            start_response(*started)
            if large:
                body.discard()
            return response
        pending = body.pending or self._drain_unread(source, min(size, DRAIN_FACTOR * limit))
        if body.refusal is None and (pending is None or pending.wait(PROMPT_WAIT)):  # all of it had arrived
            start_response(*started)
            return response
        content = b"".join(response)
        if close := getattr(response, "close", None):
            close()
        status, headers, content = _refusal(environ, body.refusal, started, content)
        start_response(status, headers)
        return [content] if pending is None else self._respond_and_close(environ, content, pending)

    def _drain_unread(self, source: Any, size: int) -> BodyRead | None:
        """Start to discard a body that the application did not read, if a reader is free."""
        try:
            return self.readers.start_drain(source, size)
        except ReadersBusy:
            return None

    def _fetch(self, source: Any, size: int, *, large: bool) -> IO[bytes]:
        """Wait for a body without a slot or a database connection; a large one is kept in a file."""
        waited: list[None] = []

        def on_wait() -> None:
            release()
            self.slots.release()
            waited.append(None)

        try:
            if not large:
                return io.BytesIO(self.readers.read(source, size, on_wait))
            sink: IO[bytes] = receiving()
            self.readers.read(source, size, on_wait, sink)
            sink.seek(0)
            return sink
        finally:
            if waited:
                self.slots.acquire()

    def _respond_and_close(self, environ: "WSGIEnvironment", content: bytes, pending: BodyRead) -> Iterator[bytes]:
        """Yield the response, let the client go on sending for a while, and close the connection.

        Returning to the server earlier would block this thread until the read is finished.
        """
        yield content
        self.readers.drain(pending)
        chunked = environ["SERVER_PROTOCOL"] == "HTTP/1.1"
        yield from self.connections.close(
            int(environ["SERVER_PORT"]), chunked=chunked, is_closed=lambda: pending.finished
        )


class _StreamWithSlot:
    """A streaming response that holds its slot until it is closed."""

    def __init__(self, response: Iterable[bytes], slots: WorkSlots) -> None:
        self._response = response
        self._release: Callable[[], None] | None = slots.release

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._response)

    def close(self) -> None:
        """Close the stream and free the slot; a second call does nothing. The server always closes a stream."""
        release, self._release = self._release, None
        if release is not None:
            try:
                cast("Any", self._response).close()
            finally:
                release()


def _refusal(
    environ: "WSGIEnvironment", refusal: APIException | None, started: list[Any], content: bytes
) -> tuple[str, list[tuple[str, str]], bytes]:
    """Return status, headers and content of the response: the application's, unless it missed that there is no body.

    The response has no length, because probes may follow it.
    """
    status, headers = started[:2]
    if refusal is not None and int(status.split()[0]) != refusal.status_code:
        refused = envelope(str(refusal.get_codes()), str(refusal.detail))
        _, body, _ = in_protocol(environ, refusal.status_code, refused, refusal)
        plain = JsonResponse(body, status=refusal.status_code)
        status, headers, content = f"{plain.status_code} {plain.reason_phrase}", list(plain.items()), plain.content
    headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
    return status, [*headers, ("Connection", "close")], content


def bounded(application: "WSGIApplication") -> BodyMiddleware:
    """Wrap an application with the limits of the settings for request bodies."""
    readers = ReaderPool(
        max_readers=settings.BODY_WAITERS, timeout=settings.REQUEST_BODY_TIMEOUT, rate=settings.REQUEST_BODY_RATE
    )
    return BodyMiddleware(application, limit=body_limit, readers=readers, slots=settings.SERVE_THREADS)
