"""A heartbeat that notices within a second when invalidations cannot be delivered to Redis.

A Redis may answer reads and refuse writes: its disk is full, it is a replica, or it misses its replicas. Then a change
that one worker commits leaves stale entries for the others. So every worker writes and deletes a key of its own several
times a second, and bypasses the cache while that fails. It also delivers the invalidations that other workers posted.
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
from perf.caching.undelivered import deliver_pending
from perf.db.connections import unpooled_connection, using
from perf.timing import recorder

INTERVAL = 0.4  # seconds between heartbeats, and between polls of the table
MAX_BACKOFF = 5.0  # seconds between polls while the database does not answer
KEY_TTL = 10  # seconds


class Heartbeat:
    """Checks whether this worker can deliver invalidations."""

    def __init__(self) -> None:
        self._key = f"heartbeat:{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._failures = 0  # in a row
        self._must_clear = False

    def beat(self) -> None:
        """Check once; bypass the cache if the check fails, use it otherwise. Never raises."""
        try:
            self._write_and_delete()
            if self._must_clear:
                # Invalidations that other workers could not deliver may still be on their way.
                clear_caches()
        except Exception as error:  # whatever the client raises, the cache is out
            self.failed(error)
        else:
            self._failures, self._must_clear = 0, False
            outage.connect()

    def failed(self, error: Exception) -> None:
        """Bypass the cache until the next successful heartbeat."""
        self._failures += 1
        # A single late reply loses no invalidation, and must not make every worker start cold.
        self._must_clear |= self._failures > 1 or isinstance(error, ResponseError)
        outage.disconnect(error)

    def _write_and_delete(self) -> None:
        """Raise what keeps a key from being deleted; a Redis that is too full to write can still delete."""
        key = cache.make_key(self._key)
        with get_redis_connection().pipeline(transaction=False) as pipeline:
            pipeline.set(key, 1, ex=KEY_TTL)
            pipeline.delete(key)
            _, deleted = pipeline.execute(raise_on_error=False)
        if isinstance(deleted, Exception):
            raise deleted


def start() -> None:
    """Start both threads, which run until the process ends; does nothing without Redis.

    Call it in a process that serves and does not fork.
    """
    if not settings.REDIS_URL:
        return
    ended = threading.Event()
    heartbeat = Heartbeat()
    heartbeat.beat()  # before the first request
    threads = [
        threading.Thread(target=_beat, args=(heartbeat, ended), name="cache-heartbeat", daemon=True),
        threading.Thread(target=_poll, args=(heartbeat, ended), name="cache-undelivered", daemon=True),
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


def _poll(heartbeat: Heartbeat, ended: threading.Event) -> None:
    """Deliver posted invalidations over a connection of this thread's own, which does not depend on the pool."""
    recorder.origin.set(recorder.FLUSH_ORIGIN)
    pause = INTERVAL
    with using(unpooled_connection()):
        while not ended.wait(pause):
            try:
                # These statements are not timed: there are more of them than requests of a quiet server.
                connection.ensure_connection()
                connection.execute_wrappers.clear()
                deliver_pending(deliver)
                pause = INTERVAL
            except (DatabaseError, InterfaceError):
                connection.close()
                pause = min(pause * 2, MAX_BACKOFF)
            except Exception as error:  # whatever the cache's client raises
                heartbeat.failed(error)
                pause = INTERVAL
