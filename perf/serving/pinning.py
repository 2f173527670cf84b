"""Keeps the threads of a worker that run Python on one core of the machine.

They share the interpreter's lock, so that one runs at a time, and waking the next one on another core is slow. Threads
that they start stay there too. The server's own threads, which run no Python, go where they like.
"""

import os
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_claims: list[socket.socket] = []  # of this process, until its end


class _Thread(threading.local):
    """The cores that the thread of a request had before it was pinned, and the one that it has since."""

    cores: tuple[set[int], set[int]] | None = None


_thread = _Thread()


class PinnedThreads:
    """A WSGI application that moves each thread to a core at its first request."""

    def __init__(self, application: "WSGIApplication", core: int) -> None:
        self.application, self.core = application, core

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request."""
        if _thread.cores is None:
            _thread.cores = os.sched_getaffinity(0), {self.core}
            _move(_thread.cores[1])
        return self.application(environ, start_response)


@contextmanager
def roaming() -> Iterator[None]:
    """Let this thread use all cores for a block of work that needs no lock of Python's, such as hashing a password."""
    if _thread.cores is None:
        yield
        return
    everywhere, home = _thread.cores
    _move(everywhere)
    try:
        yield
    finally:
        _move(home)


def _move(cores: set[int]) -> None:
    with suppress(OSError):  # cores may have been taken from the container since
        os.sched_setaffinity(0, cores)


def pinned(application: "WSGIApplication", mode: str) -> "WSGIApplication":
    """Pin the threads that call an application, if `mode` is `auto` and the process may use several cores."""
    core = claim_core(str(os.getppid())) if mode == "auto" else None
    return application if core is None else PinnedThreads(application, core)


def claim_core(group: str) -> int | None:
    """Claim one of the cores that this process may use, which no other one of the `group` has; None if there is none.

    The last one comes first: core 0 often handles the interrupts of the network. A claim is an abstract socket
    (https://man7.org/linux/man-pages/man7/unix.7.html), which ends with its process however that ends. There is none on
    a platform without affinity, or with a single core.
    """
    if not hasattr(os, "sched_setaffinity"):
        return None
    cores = sorted(os.sched_getaffinity(0), reverse=True)
    if len(cores) < 2:
        return None
    for core in cores:
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0llmselect-{group}-core-{core}")
        except OSError:
            claim.close()
        else:
            _claims.append(claim)
            return core
    return None
