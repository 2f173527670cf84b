"""Streams of calls in a slot: started before the response, and cleaned up after it in every case."""

from collections.abc import Callable, Generator, Iterator
from typing import Protocol, TypeVar

from django.db import DatabaseError, InterfaceError
from rest_framework.exceptions import APIException

from conversations.completions.concurrency import Slot
from conversations.completions.sse import PING, EventStreamResponse


class Abandonable(Protocol):
    """A chat or a comparison that can be given up while it runs."""

    def abandon(self) -> None:
        """End running calls, and store what has arrived; does nothing after the end."""


Run = TypeVar("Run", bound=Abandonable)


def streamed(begin: Callable[[], Run], events: Callable[[Run], Iterator[bytes]]) -> EventStreamResponse:
    """Take a slot, begin, and stream the events. Raises ServerBusy, and what `begin` raises."""
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


def store_with_pings(attempts: Iterator[None]) -> Generator[bytes, None, APIException | None]:
    """Make the attempts to store an answer, and yield a comment for the client after each failed one.

    Returns None when the answer is stored, else the error that the stream must end with.
    """
    try:
        for _ in attempts:
            yield PING
    except Exception as error:
        code = "database_unavailable" if isinstance(error, DatabaseError | InterfaceError) else "server_error"
        return APIException("What has arrived could not be stored.", code)
    return None
