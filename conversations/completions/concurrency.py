"""Limits of the calls that run at once in this worker, so that lists and health always find a thread."""

import threading

from django.conf import settings
from django.db import connection
from rest_framework import status
from rest_framework.exceptions import APIException

from perf.db.concurrency import Turns

# Limits the threads that read and write the rows of calls. Without it, two hundred calls that begin at once would queue
# for the pool before the next list. On PostgreSQL a thread waits only briefly for threads that wait for a lock, so that
# not one after the other reaches its time limit. Writers of SQLite would only wait for each other.
keeping = Turns(at_once=2, courtesy=2.0 if connection.vendor == "sqlite" else 0.5)

_slots = threading.BoundedSemaphore(settings.COMPLETION_SLOTS)


class ServerBusy(APIException):
    """All slots are taken."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "server_busy"
    default_detail = "The server runs as many chats as it can; try again in a moment."
    wait = 1


class Slot:
    """One of the slots for running calls. Creating it raises ServerBusy when none is free."""

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
