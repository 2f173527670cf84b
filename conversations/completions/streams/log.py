"""The events of one answer, numbered from 1, so that any number of readers can begin anywhere."""

from typing import Any

from rest_framework import status
from rest_framework.exceptions import APIException

from conversations.completions.sse import sse

MAX_EVENTS = 100_000  # of an answer
MAX_BYTES = 16 * 2**20  # of an answer; one of a million characters in pieces of ten has 8 MB
DROPPED = 0.1  # the part of the log that is dropped at once, so that each event is moved ten times at most


class EventsGone(APIException):
    """The events that a reader asks for are no longer kept, or never were."""

    status_code = status.HTTP_410_GONE
    default_code = "events_gone"
    default_detail = "These events are no longer kept; read what is stored of the answer."

    def __init__(self, place: dict[str, Any]) -> None:
        """Take where the answer is stored."""
        super().__init__()
        self.details = place


class EventLog:
    """The newest events of an answer, at most `MAX_EVENTS` of `MAX_BYTES` together.

    One thread appends at a time; others may read meanwhile.
    """

    def __init__(self) -> None:
        self.last = 0  # the number of the newest event
        self.size = 0  # bytes
        # The number of dropped events and those after them, changed together, since others read them without a lock.
        self._kept: tuple[int, list[bytes]] = (0, [])

    def append(self, event: dict[str, Any]) -> None:
        """Add an event; drops the oldest ones when there are too many."""
        dropped, events = self._kept
        encoded = sse(event, self.last + 1)
        events.append(encoded)
        self.size += len(encoded)
        self.last += 1
        if len(events) > MAX_EVENTS or self.size > MAX_BYTES:
            count = int(len(events) * DROPPED) + 1
            self.size -= sum(map(len, events[:count]))
            self._kept = (dropped + count, events[count:])

    def after(self, number: int) -> list[bytes] | None:
        """Return the events after the one with this number; None if some of them are no longer kept."""
        dropped, events = self._kept
        return None if number < dropped else events[number - dropped :]
