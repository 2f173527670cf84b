"""An answer that is being written: it belongs to no connection, and any number of readers follow it.

Whoever waits for its next events produces them: one of its readers, without a thread more than the call needs. When the
last reader leaves, or all of them stand still because their clients do, a thread without a client goes on.
"""

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextvars import copy_context
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.db import connections
from rest_framework import status
from rest_framework.exceptions import APIException

from conversations.completions.concurrency import Slot
from conversations.completions.sse import PING
from conversations.completions.streams.log import EventLog, EventsGone
from perf.serving.logs import request_id
from perf.timing.request_stats import current_stats

logger = logging.getLogger("llmselect.answers")

STANDSTILL = 5.0  # seconds after which an answer that nobody waits for goes on without its readers

MAX_READERS = 16  # of one answer in this process

Event = dict[str, Any]


class TooManyReaders(APIException):
    """An answer has as many readers as may be."""

    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    default_code = "too_many_readers"
    default_detail = "This answer is being read as often as it may be at once."
    wait = 1


class Answering(Protocol):
    """Calls under way that write an answer, and what is told of it."""

    kind: str
    stream_id: UUID
    user_id: int
    place: Event  # where it is stored

    def events(self) -> Generator[list[Event], None, None]:
        """Yield what arrives, [] in times of silence; store it, and tell how it ended in the last event."""

    def given_up(self, error: Exception | None) -> list[Event]:
        """Return the last events of an answer that was given up, or could not be stored for an error."""

    def stop(self) -> None:
        """Cancel the calls that still run, from any thread; nothing is said of it but that the user wanted it."""

    def abandon(self) -> None:
        """Cancel what still runs and store what has arrived, once; does nothing after the end."""


class RunningAnswer:
    """An answer with its events; `ended` when all is stored and the slot is free."""

    def __init__(self, answering: Answering, slot: Slot, *, finish: bool) -> None:
        """Take the slot, which is released at the end. `finish` says whether it goes on without readers."""
        self.kind, self.id, self.user_id = answering.kind, answering.stream_id, answering.user_id
        self.place = answering.place
        self.log = EventLog()
        self.ended = False
        self.ended_at = 0.0  # by the monotonic clock
        self._finish = finish
        self._answering: Answering | None = answering
        self._events = answering.events()
        self._slot = slot
        self._readers = 1  # who begins it
        self._kept = False  # whether a thread without a client has taken over
        self._producing = threading.Lock()
        self._moved_at = time.monotonic()
        self._changed = threading.Condition()
        self.on_change: Callable[[], object] = lambda: None

    def produce(self) -> None:
        """Write the answer to its end in this thread. Raises what storing it raises."""
        with self._producing:
            while not self.ended:
                self._advance()

    def join(self) -> None:
        """Count one reader more, who is to `leave`. Raises TooManyReaders."""
        with self._changed:
            if self._readers >= MAX_READERS:
                raise TooManyReaders
            self._readers += 1

    def follow(self, after: int) -> Iterator[bytes]:
        """Yield the events after the one with this number as they come, and comments in times of silence.

        Raises EventsGone when some of them are no longer kept, at once.
        """
        if self.log.after(after) is None or after > self.log.last:
            raise EventsGone(self.place)
        return self._followed(after)

    def leave(self) -> None:
        """Count one reader less. Without any the answer goes on, or ends if that was wanted."""
        with self._changed:
            self._readers -= 1
            if self._readers or self.ended or self._kept:
                return
        if self._finish:
            self.keep()
        else:
            self.stop()

    def stop(self) -> None:
        """Cancel the calls, and have what has arrived stored, by this thread if no other one is at it."""
        answering = self._answering
        if answering is not None:
            answering.stop()
        if self._producing.acquire(blocking=False):
            try:
                self._end()
            finally:
                self._producing.release()
                self._tell()

    def cancel(self) -> None:
        """Have the answer stopped, without waiting for anything."""
        answering = self._answering
        if answering is not None:
            answering.stop()
            self.keep()

    def keep(self) -> None:
        """Go on in a thread without a client. The process waits for it before it ends."""
        with self._changed:
            if self._kept or self.ended:
                return
            self._kept = True
        context = copy_context()
        context.run(current_stats.set, None)  # those of a request that ends
        # The threads of the server are daemons to Python, and a new one is what its maker is.
        threading.Thread(target=context.run, args=(self._go_on,), name="answer", daemon=False).start()

    def stands_still(self) -> bool:
        """Tell whether nobody has waited for the next events for `STANDSTILL` seconds."""
        return not self.ended and not self._producing.locked() and time.monotonic() - self._moved_at > STANDSTILL

    def wait_for_end(self, seconds: float) -> bool:
        """Wait until all is stored, for some time; returns whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self.ended, timeout=seconds)

    def _followed(self, position: int) -> Iterator[bytes]:
        while True:
            ended = self.ended  # before the last events are read
            if (events := self.log.after(position)) is None:
                return  # so slow a reader asks again, and is told
            if events:
                position += len(events)
                yield b"".join(events)
            elif ended:
                return
            elif self._is_silent(position):
                yield PING

    def _is_silent(self, position: int) -> bool:
        """Wait for an event after this one, or write it; returns whether there was none for a heartbeat."""
        if self._producing.acquire(blocking=False):
            try:
                if not self.ended:
                    self._advance()
            finally:
                self._producing.release()
                self._tell()
            return self.log.last == position and not self.ended

        def has_changed() -> bool:
            return self.log.last > position or self.ended or not self._producing.locked()

        with self._changed:
            return not self._changed.wait_for(has_changed, timeout=settings.STREAM_HEARTBEAT)

    def _advance(self) -> None:
        """Produce the next events. The lock must be held."""
        try:
            arrived = next(self._events)
        except StopIteration:
            self._end(told=True)
        except BaseException:
            self._end()
            raise
        else:
            for event in arrived:
                self.log.append(event)
            self._moved_at = time.monotonic()
            if arrived:
                self._tell()

    def _end(self, *, told: bool = False) -> None:
        """Store what has arrived, free the slot, and say in the last event that it was given up unless `told`.

        The lock must be held. A second call does nothing.
        """
        answering, self._answering = self._answering, None
        if answering is None:
            return
        error: Exception | None = None
        try:
            self._events.close()
            answering.abandon()
        except Exception as raised:
            error = raised
            raise
        finally:
            for event in () if told else answering.given_up(error):
                self.log.append(event)
            self._events = _nothing()
            self._slot.release()
            self.ended_at = time.monotonic()
            self.ended = True
            self._tell()

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()
        self.on_change()

    def _go_on(self) -> None:
        try:
            self.produce()
        except Exception:  # nobody is there to be told
            logger.exception("an answer broke off", extra={"request_id": request_id.get()})
        finally:
            connections.close_all()


def _nothing() -> Generator[list[Event], None, None]:
    yield from ()
