"""Streaming what runs in a slot: started before the response, cleaned up after it, whatever happens between."""

import logging
from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from django.db import DatabaseError
from rest_framework.exceptions import APIException

from conversations.slots import Slot
from conversations.sse import EventStreamResponse

logger = logging.getLogger("llmselect.streams")


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


def failure_to_keep(finish: Callable[[], None]) -> APIException | None:
    """Store what a stream brought; returns the error it must end with when that fails, for no stream ends without."""
    try:
        finish()
    except Exception as error:
        logger.exception("what a stream brought could not be stored")
        code = "database_unavailable" if isinstance(error, DatabaseError) else "server_error"
        return APIException("What has arrived could not be stored.", code)
    return None
