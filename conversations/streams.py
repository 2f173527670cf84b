"""Streaming what runs in a slot: started before the response, cleaned up after it, whatever happens between."""

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from conversations.slots import Slot
from conversations.sse import EventStreamResponse


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
