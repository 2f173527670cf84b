"""Streaming what runs in a slot: started before the response, cleaned up after it, whatever happens between."""

from collections.abc import Callable, Generator, Iterator
from typing import Protocol, TypeVar

from django.db import DatabaseError, InterfaceError
from rest_framework.exceptions import APIException

from conversations.completions.concurrency import Slot
from conversations.completions.sse import PING, EventStreamResponse


class Abandonable(Protocol):
    """Something under way that can be left behind; after it has ended that does nothing."""

    def abandon(self) -> None:
        """Give up what still runs and keep what has come."""


Run = TypeVar("Run", bound=Abandonable)


def streamed(begin: Callable[[], Run], events: Callable[[Run], Iterator[bytes]]) -> EventStreamResponse:
    """Take a slot, begin, and stream the events; raises ServerBusy, or what `begin` raises."""
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


def kept(attempts: Iterator[None]) -> Generator[bytes, None, APIException | None]:
    """Store what a stream brought, with a comment for the client whenever that takes another try.

    Returns the error that the stream must end with when it fails, for no stream ends without.
    """
    try:
        for _ in attempts:
            yield PING
    except Exception as error:
        code = "database_unavailable" if isinstance(error, DatabaseError | InterfaceError) else "server_error"
        return APIException("What has arrived could not be stored.", code)
    return None
