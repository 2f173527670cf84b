"""Hearing signals whichever thread they reach, and acting before a server that was told to stop is killed."""

import signal
import socket
import threading
from collections.abc import Callable

RESERVE = 3.0  # seconds of the grace time left for storing what was broken off
POKE = signal.SIGURG  # ignored where nobody listens, and what else it says is said to sockets that we do not have


def before_kill(grace: float, act: Callable[[], None]) -> None:
    """Run `act` shortly before `grace` seconds have passed since SIGTERM or SIGINT came."""

    def wait() -> None:
        timer = threading.Timer(max(0.0, grace - RESERVE), act)
        timer.daemon = True
        timer.start()

    hear_signals(wait)


def hear_signals(told_to_stop: Callable[[], None] = lambda: None) -> None:
    """Have handlers run at once, and call `told_to_stop` when SIGTERM or SIGINT first comes.

    The kernel gives a signal to whichever thread it likes, and Python runs the handler when its main thread runs next.
    A server's main thread sleeps in a lock: unless the signal interrupts that very thread, the server goes on as if
    nothing had been said. So a thread of ours listens where Python reports every signal, and pokes the main thread.
    The server may set its handlers before or after this. Outside of the main thread this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    heard, told = socket.socketpair()
    told.setblocking(False)
    signal.signal(POKE, lambda *_: None)
    signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_listen, args=(heard, told, told_to_stop), name="signals", daemon=True).start()


def _listen(heard: socket.socket, _told: socket.socket, told_to_stop: Callable[[], None]) -> None:
    """Pass on what comes, for ever; holds both sockets so that they stay open."""
    main_thread = threading.main_thread().ident
    assert main_thread is not None  # noqa: S101 - it has been started
    stopping = False
    while number := heard.recv(1):
        if number[0] == POKE:
            continue
        signal.pthread_kill(main_thread, POKE)
        if number[0] in (signal.SIGTERM, signal.SIGINT) and not stopping:
            stopping = True
            told_to_stop()
