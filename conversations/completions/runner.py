"""Runs calls of models: one in this thread, or several at once, each read in a thread of its own."""

import logging
import threading
from collections.abc import Iterator, Sequence
from queue import Empty, SimpleQueue

from rest_framework.exceptions import APIException

from models_registry.calls.completion import Call
from models_registry.calls.figures import PROVIDER_TIME
from models_registry.errors import ClientFailed, ProviderError, StreamBroken
from models_registry.providers import http
from models_registry.providers.base import Piece, Relayed
from perf.timing.request_stats import spent

logger = logging.getLogger("llmselect.runner")

_running: set[Call] = set()

# A piece of an answer, the error that its call ended with, or None at its end; and that with the number of the call.
Arrived = Piece | Relayed | APIException | None
Event = tuple[int, Arrived]


def stream_all(calls: Sequence[Call], *, heartbeat: float) -> Iterator[list[Event]]:
    """Run all calls at once and yield what has arrived, in order of arrival; [] after `heartbeat` seconds of silence.

    Ends when every call has ended. Closing this iterator cancels the calls that still run. Its threads never touch the
    database.
    """
    queue: SimpleQueue[Event] = SimpleQueue()
    _running.update(calls)
    for number, call in enumerate(calls):
        threading.Thread(target=_read, args=(number, call, queue), name="provider-reader", daemon=True).start()
    running = len(calls)
    try:
        while running:
            with spent(PROVIDER_TIME):
                events = _arrived(queue, heartbeat)
            running -= sum(1 for _, event in events if event is None or isinstance(event, APIException))
            yield events
    finally:
        _running.difference_update(calls)
        if running:
            for call in calls:
                call.close()


def read_here(call: Call) -> Iterator[list[Event]]:
    """Read a call in this thread and yield each piece, and at last the error that it ended with, or None.

    One that is too long and was cut ends with None. Closing this iterator cancels the call.
    """
    _running.add(call)
    ended = False
    events = _events(0, call)
    try:
        while not ended:
            with spent(PROVIDER_TIME):
                number, event = next(events)
            ended = event is None or isinstance(event, APIException)
            yield [(number, None if ended and call.cut else event)]
    finally:
        _running.discard(call)
        if not ended:
            call.close()


def complete(call: Call) -> None:
    """Run a call in this thread until its end. Raises ProviderError."""
    _running.add(call)
    try:
        with spent(PROVIDER_TIME):
            call.complete()
    finally:
        _running.discard(call)


def warm_up() -> None:
    """Load what the first call of a process would otherwise wait for."""
    http.warm_up()


def cancel_all() -> None:
    """Cancel all calls of this process, so that what has arrived is stored before the process ends."""
    for call in list(_running):
        call.close()


def _read(number: int, call: Call, queue: "SimpleQueue[Event]") -> None:
    """Put every piece of a call and then its end into the queue."""
    for event in _events(number, call):
        queue.put(event)


def _events(number: int, call: Call) -> Iterator[Event]:
    """Yield every piece of a call and then its end."""
    try:
        for piece in call:
            yield number, piece
    except ProviderError as error:
        yield number, error
    except Exception:  # a bug must end the stream too, or the client would wait for ever
        logger.exception("provider client failed")
        yield number, ClientFailed()
    else:
        yield number, StreamBroken("The server was stopped.") if call.closed else None


def _arrived(queue: "SimpleQueue[Event]", timeout: float) -> list[Event]:
    """Return all events that have arrived; waits for the first one."""
    events: list[Event] = []
    try:
        events.append(queue.get(timeout=timeout))
        while True:
            events.append(queue.get_nowait())
    except Empty:
        return events
