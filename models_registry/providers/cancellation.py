"""A token that ends a call from any thread, whatever the call waits for."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextvars import ContextVar

_current: ContextVar["CancelToken | None"] = ContextVar("cancel_token", default=None)


class CancelToken:
    """Belongs to one call and holds the socket that the call uses; once cancelled, all use of that socket fails."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._holding = threading.Lock()
        self._socket: socket.socket | None = None

    @property
    def is_cancelled(self) -> bool:
        """Whether the call was given up."""
        return self._cancelled.is_set()

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Make this the token of what the current thread sends inside the block."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    def hold(self, connection: socket.socket) -> None:
        """Take the socket that is about to be used; a token already cancelled shuts it down."""
        with self._holding:
            self._socket = connection
            if self.is_cancelled:
                _shut_down(connection)

    def let_go(self, connection: socket.socket | None = None) -> None:
        """Forget the socket, or only `connection` if given, so that cancelling no longer reaches it.

        Its owner calls this before the socket is closed or serves another call.
        """
        with self._holding:
            if connection is None or connection is self._socket:
                self._socket = None

    def cancel(self) -> None:
        """Wake the thread that waits; a connection that is still being made fails once it is there."""
        self._cancelled.set()
        with self._holding:
            if self._socket is not None:
                _shut_down(self._socket)

    def wait(self, seconds: float) -> bool:
        """Sleep until the time is over or the call is cancelled; returns whether it is cancelled."""
        return self._cancelled.wait(seconds)


def current_token() -> CancelToken:
    """Return the token of the current thread, or a new one that nobody will cancel."""
    return _current.get() or CancelToken()


def _shut_down(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        # The plain socket's method: an SSLSocket's own would take the TLS layer away from the thread that reads.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
