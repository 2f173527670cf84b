"""Answers of other processes, through Redis Streams (https://redis.io/docs/latest/develop/data-types/streams/).

A thread of each process copies the events of its answers to Redis, with what came meanwhile at once, so that no answer
waits for Redis or fails with it. The entry `N-0` of a stream is the event with the number N; `0-1` says whose answer it
is, and an entry with `end` is the last.
"""

import json
import logging
import time
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

import redis
from django.conf import settings

from conversations.completions.reasons import INTERRUPTED
from conversations.completions.sse import PING, sse
from conversations.completions.streams.log import EventsGone
from perf.caching.outage import Outage
from perf.caching.redis import TIMEOUT

LIFE = 20  # seconds for which a process is taken for alive after its last sign
LOOK = 5.0  # seconds between looks whether it is
BATCH = 500  # entries read at once
POLL = 0.05  # seconds between looks whether a stopped answer has ended
WHOSE = "0-1"  # the entry that says whose answer it is

outage = Outage(logging.getLogger("llmselect.answers"), "running answers cannot be shared; other workers lack them")


Entry = tuple[bytes, dict[bytes, bytes]]  # its id and its fields


def entries_of(reply: Any) -> list[Entry]:
    """Read the entries of a stream in a reply, as this client gives them: it decodes nothing."""
    return cast(list[Entry], reply or [])


def key_of(stream_id: UUID | str, *more: str) -> str:
    """Return the key of an answer's stream, or of what is said of it."""
    return ":".join(("llmselect", "answer", str(stream_id), *more))


def answers_key(user_id: int) -> str:
    """Return the key of the set of a user's streams."""
    return f"llmselect:answers:{user_id}"


def forget(user_id: int) -> None:
    """Delete a user's streams. Raises redis.RedisError."""
    key = answers_key(user_id)
    found: Any = writer().smembers(key)
    writer().delete(key, *(key_of(each.decode()) for each in found))


def writer() -> "redis.Redis":
    """Return the client for commands that answer at once."""
    return _client(settings.REDIS_URL, TIMEOUT)


@lru_cache(maxsize=8)
def _client(url: str, timeout: float) -> "redis.Redis":
    return redis.Redis.from_url(url, socket_connect_timeout=TIMEOUT, socket_timeout=timeout)


def find(stream_id: UUID, *, kind: str, user_id: int) -> "SharedAnswer | None":
    """Return a user's answer; None if there is none in Redis, or no Redis."""
    if not settings.REDIS_URL or outage.active:
        return None
    try:
        entries = entries_of(writer().xrange(key_of(stream_id), WHOSE, WHOSE))
    except redis.RedisError as error:
        outage.failed(error)
        return None
    for _, fields in entries:
        if (fields[b"kind"].decode(), int(fields[b"user"])) == (kind, user_id):
            return SharedAnswer(stream_id, user_id, json.loads(fields[b"place"]))
    return None


def running(comparison_id: UUID) -> UUID | None:
    """Return the stream that another process writes a comparison to; None if none does, or there is no Redis."""
    if not settings.REDIS_URL or outage.active:
        return None
    try:
        found: Any = writer().get(key_of(comparison_id, "running"))
    except redis.RedisError as error:
        outage.failed(error)
        return None
    return None if found is None else UUID(found.decode())


class SharedAnswer:
    """An answer that another process writes, or wrote."""

    def __init__(self, stream_id: UUID, user_id: int, place: dict[str, Any]) -> None:
        self.id, self.user_id, self.place = stream_id, user_id, place
        self._key = key_of(stream_id)

    def join(self) -> None:
        """Do nothing: other processes do not wait for readers."""

    def leave(self) -> None:
        """Do nothing."""

    def follow(self, after: int) -> Iterator[bytes]:
        """Yield the events after the one with this number as they come, and comments in times of silence.

        Raises EventsGone when some of them are no longer kept, or not there yet. When Redis fails, the stream ends
        before its last event, so that the client asks again.
        """
        try:
            following = entries_of(writer().xrange(self._key, f"{after}-1", "+", count=2))
            last = entries_of(writer().xrevrange(self._key, count=1))
        except redis.RedisError as error:
            outage.failed(error)
            raise EventsGone(self.place) from error
        numbers = [number_of(entry) for entry, fields in following if b"event" in fields]
        if not last or number_of(last[0][0]) < after or (numbers and numbers[0] > after + 1):
            raise EventsGone(self.place)
        return self._followed(after)

    def stop(self) -> None:
        """Ask the process that writes the answer to stop it. Raises redis.RedisError."""
        writer().set(key_of(self.id, "stop"), 1, ex=settings.STREAM_KEEP_SECONDS or 1)

    def wait_for_end(self, seconds: float) -> bool:
        """Wait until all is stored, for some time; returns whether it is. Raises redis.RedisError."""
        end = time.monotonic() + seconds
        while not self._has_ended():
            if time.monotonic() > end:
                return False
            time.sleep(POLL)
        return True

    def _has_ended(self) -> bool:
        last = entries_of(writer().xrevrange(self._key, count=1))
        return not last or b"end" in last[0][1]

    def _followed(self, after: int) -> Iterator[bytes]:
        position = (f"{after}-0" if after else WHOSE).encode()
        pause = min(settings.STREAM_HEARTBEAT, LOOK)
        reader = _client(settings.REDIS_URL, pause + 2 * TIMEOUT)
        while True:
            try:
                reply: Any = reader.xread({self._key: position}, count=BATCH, block=max(1, int(pause * 1000)))
                is_lost = not reply and not reader.exists(key_of(self.id, "alive"))
            except redis.RedisError as error:
                outage.failed(error)
                return
            if is_lost:
                code, message = INTERRUPTED
                yield sse({"event": "error", "error": code, "message": message, **self.place}, number_of(position) + 1)
                return
            entries = entries_of(reply[0][1] if reply else None)
            if entries:
                position = entries[-1][0]
            has_ended = any(b"end" in fields for _, fields in entries)
            events = b"".join(fields[b"event"] for _, fields in entries if b"event" in fields)
            if events or not has_ended:
                yield events or PING
            if has_ended:
                return


def number_of(entry_id: bytes) -> int:
    """Return the number of the event in an entry's id."""
    return int(entry_id.partition(b"-")[0])
