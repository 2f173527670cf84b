"""A thin WSGI wrapper for request bodies sent in chunks, which Django alone takes for empty."""

from collections.abc import Iterable
from io import BytesIO
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class ChunkedBodies:
    """Reads a body with `Transfer-Encoding: chunked` up to one byte over `limit` and declares its length.

    The byte over the limit lets whoever reads the body refuse it the way it refuses any other large one.
    """

    def __init__(self, application: "WSGIApplication", *, limit: int) -> None:
        self.application = application
        self.limit = limit

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Pass the request on, its body read if it came in chunks."""
        if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
            body = _read(environ["wsgi.input"], self.limit + 1)
            environ["wsgi.input"] = BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))
        return self.application(environ, start_response)


def _read(stream: IO[bytes], limit: int) -> bytes:
    """Read until the end or the limit; a server may give less than asked for."""
    parts, size = [], 0
    while size < limit and (part := stream.read(limit - size)):
        parts.append(part)
        size += len(part)
    return b"".join(parts)
