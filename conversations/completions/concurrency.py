"""A bound on the calls that run at once in this worker, so that lists and health always find a thread."""

import threading

from django.conf import settings
from django.db import connection
from rest_framework import status
from rest_framework.exceptions import APIException

from perf.db.concurrency import ConcurrencyLimit

# Reading and writing the rows of a call. Two hundred calls that begin in the same moment would each queue for the pool
# ahead of the next list, and share the interpreter with it. Where two wait for a lock the others wait beside them soon,
# so that they are not refused one after the other; but writers of SQLite would only wait for each other.
storage_limit = ConcurrencyLimit(2, max_wait=2.0 if connection.vendor == "sqlite" else 0.5)

_slots = threading.BoundedSemaphore(settings.COMPLETION_SLOTS)


class ServerBusy(APIException):
    """All slots are taken."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "server_busy"
    default_detail = "The server runs as many chats as it can; try again in a moment."
    wait = 1


class Slot:
    """A place among the running calls; taken when made, raises ServerBusy when there is none. Release it once."""

    def __init__(self) -> None:
        if not _slots.acquire(blocking=False):
            raise ServerBusy
        self._taken = True

    def release(self) -> None:
        """Give the place back; a second time does nothing."""
        if self._taken:
            self._taken = False
            _slots.release()

    def __enter__(self) -> "Slot":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
