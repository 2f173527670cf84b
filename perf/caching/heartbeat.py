"""Noticing within a second that invalidations cannot be delivered, and delivering those that others could not.

A Redis may answer reads and refuse writes: its disk is full, it is a replica, its replicas are gone, it may not delete.
Then a change that one worker commits leaves the others with what they have cached. So each worker writes and deletes
a key of its own several times a second, and takes the cache for out while that fails.
"""

import os
import secrets
import socket
import threading
import time
from multiprocessing import util

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, InterfaceError, connection
from django_redis import get_redis_connection
from redis import ResponseError

from perf.caching.namespace import clear_caches, deliver
from perf.caching.outage import outage
from perf.caching.undelivered import deliver_waiting
from perf.db.connections import plain_connection, using
from perf.timing import recorder

INTERVAL = 0.4  # seconds between beats, and between looks into the table
BACKOFF_LIMIT = 5.0  # seconds between looks while the database does not answer
KEY_LIFE = 10  # seconds


class Heartbeat:
    """Whether this worker can deliver invalidations, asked again and again."""

    def __init__(self) -> None:
        self._key = f"heartbeat:{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._failed = 0  # beats, one after the other
        self._must_clear = False

    def beat(self) -> None:
        """Ask once, and have this worker use the cache or not accordingly; never raises."""
        try:
            self._write_and_delete()
            if self._must_clear:
                # What others could not deliver may not have arrived yet.
                clear_caches()
        except Exception as error:  # whatever the client raises, the cache is out
            self.fails(error)
        else:
            self._failed, self._must_clear = 0, False
            outage.connected()

    def fails(self, error: Exception) -> None:
        """Do without the cache until the next beat that succeeds."""
        self._failed += 1
        # One answer that came late makes nobody miss anything, and is no reason to make everybody start cold.
        self._must_clear |= self._failed > 1 or isinstance(error, ResponseError)
        outage.cut_off(error)

    def _write_and_delete(self) -> None:
        """Raise what keeps a key from being deleted; a Redis that is too full to write can still forget."""
        key = cache.make_key(self._key)
        with get_redis_connection().pipeline(transaction=False) as pipeline:
            pipeline.set(key, 1, ex=KEY_LIFE)
            pipeline.delete(key)
            _, deleted = pipeline.execute(raise_on_error=False)
        if isinstance(deleted, Exception):
            raise deleted


def start() -> None:
    """Begin to beat, and to look for what others left, until the process ends; does nothing without Redis.

    For a process that serves and does not fork.
    """
    if not settings.REDIS_URL:
        return
    ended = threading.Event()
    heartbeat = Heartbeat()
    heartbeat.beat()  # before the first request
    threads = [
        threading.Thread(target=_beat, args=(heartbeat, ended), name="cache-heartbeat", daemon=True),
        threading.Thread(target=_look, args=(heartbeat, ended), name="cache-undelivered", daemon=True),
    ]
    for thread in threads:
        thread.start()

    def stop() -> None:
        ended.set()
        for thread in threads:
            thread.join(timeout=1)

    # Unlike `atexit` this also runs in the workers of a server that forks.
    util.Finalize(None, stop, exitpriority=20)


def _beat(heartbeat: Heartbeat, ended: threading.Event) -> None:
    due = time.monotonic() + INTERVAL
    while not ended.wait(max(0.0, due - time.monotonic())):
        due = time.monotonic() + INTERVAL
        heartbeat.beat()


def _look(heartbeat: Heartbeat, ended: threading.Event) -> None:
    """Deliver what others left, over one connection of this thread's own, which no exhausted pool keeps it from."""
    recorder.origin.set(recorder.FLUSH_ORIGIN)
    pause = INTERVAL
    with using(plain_connection()):
        while not ended.wait(pause):
            try:
                _unmeasured()
                deliver_waiting(deliver)
                pause = INTERVAL
            except (DatabaseError, InterfaceError):
                connection.close()
                pause = min(pause * 2, BACKOFF_LIMIT)  # whoever is away is not to be pestered
            except Exception as error:  # whatever the cache's client raises
                heartbeat.fails(error)
                pause = INTERVAL


def _unmeasured() -> None:
    """Keep our own looks out of the figures: there are more of them than of a quiet server's requests."""
    connection.ensure_connection()
    connection.execute_wrappers.clear()
