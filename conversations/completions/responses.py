"""Streams that hold a slot: begun before the response starts, cleaned up when it ends."""

from collections.abc import Callable, Generator, Iterator
from typing import Protocol, TypeVar

from django.db import DatabaseError, InterfaceError
from rest_framework.exceptions import APIException

from conversations.completions.concurrency import Slot
from conversations.completions.sse import PING, EventStreamResponse


class Abandonable(Protocol):
    """Calls under way. Abandoning them after their end does nothing."""

    def abandon(self) -> None:
        """Cancel what still runs and store what has arrived."""


Run = TypeVar("Run", bound=Abandonable)


def streamed(begin: Callable[[], Run], events: Callable[[Run], Iterator[bytes]]) -> EventStreamResponse:
    """Acquire a slot, begin, and stream the events. Raises ServerBusy, and what `begin` raises."""
    slot = Slot()
    try:
        run = begin()
    except BaseException:
        slot.release()
        raise

    def ended() -> None:
        try:
            run.abandon()
        finally:
            slot.release()

    return EventStreamResponse(events(run), ended=ended)


def store_and_ping(attempts: Iterator[None]) -> Generator[bytes, None, APIException | None]:
    """Store what a stream brought; yield a ping for the client before each retry.

    Returns the error for the stream's last event when storing fails, None otherwise.
    """
    try:
        for _ in attempts:
            yield PING
    except Exception as error:
        code = "database_unavailable" if isinstance(error, DatabaseError | InterfaceError) else "server_error"
        return APIException("What has arrived could not be stored.", code)
    return None
