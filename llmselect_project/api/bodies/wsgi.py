"""The WSGI wrapper through which every request body is read."""

import functools
import io
from collections.abc import Callable, Iterable, Iterator
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.http import JsonResponse
from rest_framework.exceptions import APIException

from llmselect_project.api.bodies.connections import Connections
from llmselect_project.api.bodies.readers import AT_ONCE, NoReader, Overdue, Readers, Reading
from llmselect_project.api.envelope import envelope
from llmselect_project.api.errors import BodyNotRead, RequestTimeout, RequestTooLarge, TooManyBodies
from perf.db.connections import release

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

DRAINED = 5  # times the limit; what is read of a body that is too large, so that its client reads the answer
WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class Seats:
    """How many requests are worked on at once, those that wait for their body not counted."""

    def __init__(self, count: int) -> None:
        self._free: SimpleQueue[None] = SimpleQueue()
        for _ in range(count):
            self._free.put(None)

    def take(self) -> None:
        """Wait for a seat and take it."""
        self._free.get()

    def leave(self) -> None:
        """Give a seat back."""
        self._free.put(None)


class Body(io.RawIOBase):
    """A body that is read when it is asked for.

    Reading raises BodyNotRead when it did not come; `answer` then says what to tell the client, and `hanging` is what a
    reader cannot let go of.
    """

    def __init__(self, size: int, limit: int, fetch: Callable[[], bytes]) -> None:
        self.answer: APIException | None = None
        self.hanging: Reading | None = None
        self._size, self._limit, self._fetch = size, limit, fetch
        self.touched = False
        self._read: io.BytesIO | None = None

    def read(self, size: int | None = -1) -> bytes:
        """Return so many bytes, or the rest of them."""
        return self._whole().read(size)

    def readline(self, size: int | None = -1) -> bytes:
        """Return a line."""
        return self._whole().readline(-1 if size is None else size)

    def _whole(self) -> io.BytesIO:
        if self._size > self._limit + 1 and self.answer is None:
            raise self._not_read(RequestTooLarge())
        if self.answer is not None:
            raise BodyNotRead(self.answer)
        if self._read is None:
            self.touched = True
            try:
                self._read = io.BytesIO(self._fetch())
            except Overdue as error:
                self.hanging = error.reading
                raise self._not_read(RequestTimeout()) from error
            except NoReader as error:
                raise self._not_read(TooManyBodies()) from error
        return self._read

    def _not_read(self, answer: APIException) -> BodyNotRead:
        self.answer = answer
        return BodyNotRead(answer)


class Bodies:
    """Gives an application bodies that are waited for only when it reads them, and never for longer than they may take.

    Bodies in chunks, which Django takes for empty, get a length of one byte over `limit`: whoever reads them is told
    their end by the stream, and refuses what is over the limit the way it refuses any other. Methods that have no
    body get none. The application works on as many requests at once as there are `seats`; the server has more threads
    than that, for those that wait.
    """

    def __init__(self, application: "WSGIApplication", *, limit: int, readers: Readers, seats: int) -> None:
        self.application, self.limit, self.readers = application, limit, readers
        self.seats = Seats(seats)
        self.connections = Connections()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request."""
        self.seats.take()
        try:
            size = self._declared(environ)
            if size and environ["REQUEST_METHOD"] not in WITHOUT_BODY:
                response = self._with_body(environ, start_response, size)
            else:
                if size:
                    environ["CONTENT_LENGTH"] = "0"
                response = self.application(environ, start_response)
        except BaseException:
            self.seats.leave()
            raise
        if getattr(response, "streaming", False):
            return _Seated(response, self.seats)
        self.seats.leave()
        return response

    def _declared(self, environ: "WSGIEnvironment") -> int:
        if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
            return self.limit + 1
        try:
            return int(environ.get("CONTENT_LENGTH") or 0)
        except ValueError:
            return 0

    def _with_body(self, environ: "WSGIEnvironment", start_response: "StartResponse", size: int) -> Iterable[bytes]:
        source = environ["wsgi.input"]
        body = Body(size, self.limit, functools.partial(self._fetch, source, size))
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = body, str(size)
        begun: list[Any] = []
        response = self.application(environ, lambda *given: begun.extend(given))  # type: ignore[arg-type]
        if body.touched and body.answer is None:
            start_response(*begun)
            return response
        hanging = body.hanging or self._unwanted(source, size)
        if body.answer is None and (hanging is None or hanging.wait(AT_ONCE)):  # all of it was there
            start_response(*begun)
            return response
        content = b"".join(response)
        if close := getattr(response, "close", None):
            close()
        status, headers, content = _refusal(body.answer, begun, content)
        start_response(status, headers)
        return [content] if hanging is None else self._end(environ, content, hanging)

    def _unwanted(self, source: Any, size: int) -> Reading | None:
        """Have a body read that the application did not want, if there is a reader for it."""
        try:
            return self.readers.begin_to_drain(source, min(size, DRAINED * self.limit))
        except NoReader:
            return None

    def _fetch(self, source: Any, size: int) -> bytes:
        """Wait for a body without holding what others need."""
        waited: list[None] = []

        def on_wait() -> None:
            release()
            self.seats.leave()
            waited.append(None)

        try:
            return self.readers.read(source, size, on_wait)
        finally:
            if waited:
                self.seats.take()

    def _end(self, environ: "WSGIEnvironment", content: bytes, hanging: Reading) -> Iterator[bytes]:
        """Answer, let the client send on for a while, and see to it that the connection ends.

        The thread must not return to the server before: it would wait there for the reader, and everybody for it.
        """
        yield content
        self.readers.drain(hanging)
        chunked = environ["SERVER_PROTOCOL"] == "HTTP/1.1"
        yield from self.connections.end(int(environ["SERVER_PORT"]), chunked=chunked, ended=lambda: hanging.ended)


class _Seated:
    """A stream that keeps its seat to its end."""

    def __init__(self, response: Iterable[bytes], seats: Seats) -> None:
        self._response = response
        self._leave: Callable[[], None] | None = seats.leave

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._response)

    def close(self) -> None:
        """Close the stream, which the server does however it ended; a second time does nothing."""
        leave, self._leave = self._leave, None
        if leave is not None:
            try:
                cast("Any", self._response).close()
            finally:
                leave()


def _refusal(answer: APIException | None, begun: list[Any], content: bytes) -> tuple[str, list[tuple[str, str]], bytes]:
    """Say why the body was not read, in the application's words if it noticed. The end of the answer is left open."""
    status, headers = begun[:2]
    if (
        answer is not None and int(status.split()[0]) != answer.status_code
    ):  # it took the body for empty, or failed for want of it
        plain = JsonResponse(envelope(str(answer.get_codes()), str(answer.detail)), status=answer.status_code)
        status, headers, content = f"{plain.status_code} {plain.reason_phrase}", list(plain.items()), plain.content
    headers = [(name, value) for name, value in headers if name.lower() != "content-length"]
    return status, [*headers, ("Connection", "close")], content


def bounded(application: "WSGIApplication") -> Bodies:
    """Wrap an application by the limits that the settings give request bodies."""
    readers = Readers(
        most=settings.BODY_WAITERS, timeout=settings.REQUEST_BODY_TIMEOUT, rate=settings.REQUEST_BODY_RATE
    )
    return Bodies(application, limit=settings.REQUEST_BODY_LIMIT, readers=readers, seats=settings.SERVE_THREADS)
