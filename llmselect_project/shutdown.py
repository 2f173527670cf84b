"""Acting before a server that was told to stop is killed."""

import signal
import socket
import threading
import time
from collections.abc import Callable

RESERVE = 3.0  # seconds of the grace time left for storing what was broken off


def before_kill(grace: float, act: Callable[[], None]) -> None:
    """Run `act` shortly before `grace` seconds have passed since SIGTERM or SIGINT came.

    Only the main thread of a process hears signals; anywhere else this does nothing. The server sets its own handlers
    after the application is loaded, so we listen where Python reports every signal to whoever wants to know.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    heard, told = socket.socketpair()
    told.setblocking(False)
    signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    delay = max(0.0, grace - RESERVE)
    threading.Thread(target=_wait, args=(heard, told, delay, act), name="shutdown", daemon=True).start()


def _wait(heard: socket.socket, _told: socket.socket, delay: float, act: Callable[[], None]) -> None:
    """Wait for a signal that ends the process; holds both sockets so that they stay open."""
    while number := heard.recv(1):
        if number[0] in (signal.SIGTERM, signal.SIGINT):
            time.sleep(delay)
            act()
            return
