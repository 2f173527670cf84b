"""Limits the calls that run at once in this worker, so that lists and health checks always find a thread."""

import threading
from collections import Counter

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
_lock = threading.Lock()
_of_users: Counter[int] = Counter()  # the slots that each user holds


class ServerBusy(APIException):
    """All slots are in use."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "server_busy"
    default_detail = "The server runs as many chats as it can; try again in a moment."
    wait = 1


class TooManyAnswers(APIException):
    """The user has as many answers running as `ANSWERS_PER_USER` allows."""

    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    default_code = "too_many_answers"
    default_detail = "As many of your answers are being written as may be at once; wait for one, or stop it."
    wait = 1


class Slot:
    """One of the `COMPLETION_SLOTS` of this worker, acquired when made.

    With a user, also one of the `ANSWERS_PER_USER` that this user has in this worker. Raises ServerBusy and
    TooManyAnswers when none is free.
    """

    def __init__(self, user_id: int | None = None) -> None:
        self._user_id = user_id
        if not _slots.acquire(blocking=False):
            raise ServerBusy
        if user_id is not None:
            with _lock:
                full = _of_users[user_id] >= settings.ANSWERS_PER_USER
                if not full:
                    _of_users[user_id] += 1
            if full:
                _slots.release()
                raise TooManyAnswers
        self._held = True

    def release(self) -> None:
        """Free the slot; a second call does nothing."""
        if self._held:
            self._held = False
            _slots.release()
            if self._user_id is not None:
                with _lock:
                    _of_users[self._user_id] -= 1
                    if not _of_users[self._user_id]:
                        del _of_users[self._user_id]

    def __enter__(self) -> "Slot":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
