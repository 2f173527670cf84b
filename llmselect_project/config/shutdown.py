"""Delivers signals to a sleeping main thread, and acts before a stopping server is killed."""

import signal
import socket
import threading
from collections.abc import Callable

RESERVE = 3.0  # seconds of the grace time for storing interrupted work
WAKE_UP = signal.SIGURG  # ignored by default; the kernel sends it only for out-of-band data, which we do not use


def before_kill(grace: float, act: Callable[[], None]) -> None:
    """Run `act` when `grace` seconds since SIGTERM or SIGINT are nearly over."""

    def start_timer() -> None:
        timer = threading.Timer(max(0.0, grace - RESERVE), act)
        timer.daemon = True
        timer.start()

    relay_signals(start_timer)


def relay_signals(on_stop: Callable[[], None] = lambda: None) -> None:
    """Make signal handlers run at once, and call `on_stop` at the first SIGTERM or SIGINT.

    The kernel delivers a signal to any thread, but Python runs handlers in the main thread, once that runs. A server's
    main thread sleeps in a lock, which only a signal to this very thread interrupts. So a thread listens on Python's
    wakeup descriptor, and signals the main thread. The server may set its handlers before or after this. Does nothing
    outside of the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    receiver, sender = socket.socketpair()
    sender.setblocking(False)
    signal.signal(WAKE_UP, lambda *_: None)
    signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_listen, args=(receiver, sender, on_stop), name="signals", daemon=True).start()


def _listen(receiver: socket.socket, _sender: socket.socket, on_stop: Callable[[], None]) -> None:
    """Relay signals until the process ends; the arguments keep both sockets open."""
    main_thread = threading.main_thread().ident
    assert main_thread is not None  # noqa: S101 - it has been started
    stopping = False
    while number := receiver.recv(1):
        if number[0] == WAKE_UP:
            continue
        signal.pthread_kill(main_thread, WAKE_UP)
        if number[0] in (signal.SIGTERM, signal.SIGINT) and not stopping:
            stopping = True
            on_stop()
