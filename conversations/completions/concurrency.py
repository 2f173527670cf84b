"""Limits the calls that run at once in this worker, so that lists and health checks always find a thread."""

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
    """All slots are in use."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "server_busy"
    default_detail = "The server runs as many chats as it can; try again in a moment."
    wait = 1


class Slot:
    """One of the `COMPLETION_SLOTS` of this worker, acquired when made. Raises ServerBusy when none is free."""

    def __init__(self) -> None:
        if not _slots.acquire(blocking=False):
            raise ServerBusy
        self._held = True

    def release(self) -> None:
        """Free the slot; a second call does nothing."""
        if self._held:
            self._held = False
            _slots.release()

    def __enter__(self) -> "Slot":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
