"""A call's hold on the connection it waits at, so that any thread may end the wait, whatever it waits for."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import Any

import httpcore2

_current: ContextVar["Line | None"] = ContextVar("line", default=None)


class Line:
    """What a call is connected by; once `cut`, everything sent or awaited on it fails at once."""

    def __init__(self) -> None:
        self._cut = threading.Event()
        self._holding = threading.Lock()
        self._socket: socket.socket | None = None

    @property
    def is_cut(self) -> bool:
        """Whether the call was given up."""
        return self._cut.is_set()

    @contextlib.contextmanager
    def used(self) -> Iterator[None]:
        """Have what this thread sends inside the block go over this line."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    def hold(self, connection: socket.socket) -> None:
        """Take the connection that is about to be used; of a line already cut it is cut, too."""
        with self._holding:
            self._socket = connection
            if self.is_cut:
                _shut(connection)

    def let_go(self, connection: socket.socket | None = None) -> None:
        """Forget the connection (if it is this one) before it is closed or another's: from here on it is not cut."""
        with self._holding:
            if connection is None or connection is self._socket:
                self._socket = None

    def cut(self) -> None:
        """Wake the thread that waits, from any other; a connection being made is given up once it is there."""
        self._cut.set()
        with self._holding:
            if self._socket is not None:
                _shut(self._socket)

    def wait(self, seconds: float) -> bool:
        """Pause, but not longer than until the line is cut; says whether it is."""
        return self._cut.wait(seconds)


def current_line() -> Line:
    """Give the line that this thread uses, a new one where nobody may want to cut it."""
    return _current.get() or Line()


class Backend(httpcore2.SyncBackend):
    """Connects as usual, and lets whoever uses a connection hold it."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Open a connection."""
        return Stream(super().connect_tcp(host, port, timeout, local_address, socket_options))


class Stream(httpcore2.NetworkStream):
    """A connection that is held by the line of whoever sent on it last."""

    def __init__(self, stream: httpcore2.NetworkStream, *, nested: bool = False) -> None:
        self._stream = stream
        self._nested = nested  # TLS within the TLS of a proxy: the socket knows nothing of the inner one
        self._line: Line | None = None
        self._socket: socket.socket = stream.get_extra_info("socket")
        self._encrypted = isinstance(self._socket, ssl.SSLSocket)
        self._limited: float | None = None

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Receive."""
        if self._nested:
            return self._stream.read(max_bytes, timeout)
        try:
            self._limit(timeout)
            return self._socket.recv(max_bytes)
        except (TimeoutError, BlockingIOError) as error:
            raise httpcore2.ReadTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send, held by the line of this thread."""
        if (line := _current.get()) is not None:
            self._line = line
            line.hold(self._socket)
        if not buffer:  # the end of a message that has a length
            return
        if self._nested:
            self._stream.write(buffer, timeout)
            return
        try:
            self._limit(timeout)
            self._socket.sendall(buffer)
        except (TimeoutError, BlockingIOError) as error:
            raise httpcore2.WriteTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.WriteError(str(error)) from error

    def _limit(self, seconds: float | None) -> None:
        """Bound how long sending and receiving wait, where that changes.

        Python keeps a limit by asking the kernel whether a connection is ready before it is used: another system call
        each time, during which the interpreter goes to another thread. The kernel's own limit needs none (SO_RCVTIMEO
        in `man 7 socket`; one that is exceeded is a BlockingIOError), but TLS would go on waiting.
        """
        if self._encrypted:
            if self._socket.gettimeout() != seconds:
                self._socket.settimeout(seconds)
        elif seconds != self._limited or self._socket.gettimeout() is not None:
            self._limited = seconds
            self._socket.settimeout(None)
            microseconds = max(1, round(seconds * 1_000_000)) if seconds is not None else 0  # 0: without limit
            limit = struct.pack("@ll", *divmod(microseconds, 1_000_000))  # a struct timeval
            for direction in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                self._socket.setsockopt(socket.SOL_SOCKET, direction, limit)

    def close(self) -> None:
        """Close; whoever holds it lets go first, for its number may be another connection's next."""
        if self._line is not None:
            self._line.let_go(self._socket)
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        """Encrypt from here on; the handshake ends by its own time limit, that of connecting."""
        within_tls = self._stream.get_extra_info("ssl_object") is not None
        return Stream(self._stream.start_tls(ssl_context, server_hostname, timeout), nested=within_tls)

    def get_extra_info(self, info: str) -> Any:
        """Tell what the connection knows."""
        return self._stream.get_extra_info(info)


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        # The plain socket's method: an SSLSocket's own would take the TLS layer from under its reader.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
