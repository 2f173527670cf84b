"""Copies the events of this process's answers to Redis, and hears there which of them are to be stopped."""

import json
import logging
import threading
import time
from uuid import UUID

import redis
from django.conf import settings

from conversations.completions.streams.answer import RunningAnswer
from conversations.completions.streams.log import MAX_EVENTS
from conversations.completions.streams.shared import (
    LIFE,
    LOOK,
    WHOSE,
    answers_key,
    entries_of,
    key_of,
    number_of,
    outage,
    writer,
)

logger = logging.getLogger("llmselect.answers")

GATHERING = 0.02  # seconds in which what arrives is written together
LOOK_FOR_STOPS = 0.25  # seconds


class Publisher:
    """Copies answers from when they are added until their end is copied, in a thread that ends with the last one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._copies: dict[UUID, _Copy] = {}
        self._arrived = threading.Event()
        self._runs = False

    def add(self, answer: RunningAnswer) -> None:
        """Copy an answer from now on; does nothing without a Redis."""
        if not settings.REDIS_URL:
            return
        answer.on_change = self._arrived.set
        with self._lock:
            self._copies[answer.id] = _Copy(answer)
            starts, self._runs = not self._runs, True
        if starts:
            threading.Thread(target=self._run, name="publisher", daemon=True).start()

    def forget(self, user_id: int) -> None:
        """Copy nothing more of a user's answers."""
        with self._lock:
            for pk, each in list(self._copies.items()):
                if each.answer.user_id == user_id:
                    del self._copies[pk]

    def _run(self) -> None:
        while True:
            self._arrived.wait(LOOK_FOR_STOPS)
            time.sleep(GATHERING)
            self._arrived.clear()
            copies = list(self._copies.values())
            try:
                self._copy(copies)
            except redis.RedisError as error:
                outage.failed(error)
            except Exception:  # the answers are none the worse
                logger.exception("running answers could not be shared")
            with self._lock:
                for each in copies:
                    if each.is_over or each.is_useless:
                        self._copies.pop(each.answer.id, None)
                if not self._copies:
                    self._runs = False
                    return

    def _copy(self, copies: "list[_Copy]") -> None:
        if outage.active:
            return
        try:
            with writer().pipeline(transaction=False) as pipeline:
                asked = [each.write(pipeline) for each in copies]
                results = pipeline.execute()
        except BaseException:
            for each in copies:
                each.is_known = False
            raise
        for each, place in zip(copies, asked, strict=True):
            each.written(is_to_stop=bool(results[place]))


class _Copy:
    """How far an answer has been copied."""

    def __init__(self, answer: RunningAnswer) -> None:
        self.answer = answer
        self.is_over = False
        self.is_known = True  # what Redis has; not after a failure
        self._last = 0  # the number of the last event that Redis has
        self._begun = self._ended = False
        self._signed_at = float("-inf")

    @property
    def is_useless(self) -> bool:
        """Whether Redis has been away since the answer ended, for so long that nobody waits for it there."""
        return self.answer.ended and time.monotonic() - self.answer.ended_at > LIFE

    def write(self, pipeline: "redis.client.Pipeline") -> int:
        """Add the commands that copy what has come; returns the place of the question whether to stop among them."""
        answer, key = self.answer, key_of(self.answer.id)
        if not self.is_known:
            self._ask()
        self._ended = answer.ended  # before the events are read
        events = answer.log.after(self._last)
        if events is None:  # dropped while Redis was away: there would be a gap
            pipeline.delete(key)
            self._ended, events = True, []
        else:
            self._add(pipeline, events)
        if not self._ended and time.monotonic() - self._signed_at > LOOK:
            pipeline.set(key_of(answer.id, "alive"), 1, ex=LIFE)
            for each in (key, answers_key(answer.user_id)):
                pipeline.expire(each, settings.STREAM_KEEP_SECONDS + LIFE)
            if "comparison_id" in answer.place:  # which has no column for it
                pipeline.set(key_of(answer.place["comparison_id"], "running"), str(answer.id), ex=LIFE)
            self._signed_at = time.monotonic()
        pipeline.exists(key_of(answer.id, "stop"))
        self._last += len(events)
        return len(pipeline) - 1

    def written(self, *, is_to_stop: bool) -> None:
        """Note that all commands were executed, and stop the answer if that was asked for."""
        self.is_known, self._begun = True, True
        if is_to_stop and not self.answer.ended:
            self.answer.cancel()
        self.is_over = self._ended

    def _add(self, pipeline: "redis.client.Pipeline", events: list[bytes]) -> None:
        answer, key = self.answer, key_of(self.answer.id)
        if not self._begun:
            place = json.dumps({name: value and str(value) for name, value in answer.place.items()})
            pipeline.xadd(key, {"user": answer.user_id, "kind": answer.kind, "place": place}, id=WHOSE)
            pipeline.sadd(answers_key(answer.user_id), str(answer.id))
        for number, event in enumerate(events, self._last + 1):
            pipeline.xadd(key, {"event": event}, id=f"{number}-0", maxlen=MAX_EVENTS, approximate=True)
        if self._ended:
            if "comparison_id" in answer.place:
                pipeline.delete(key_of(answer.place["comparison_id"], "running"))
            pipeline.xadd(key, {"end": 1}, id=f"{self._last + len(events)}-1")
            pipeline.expire(key, settings.STREAM_KEEP_SECONDS)

    def _ask(self) -> None:
        """Find out what Redis has, after a failure that may have come before or after it took the commands."""
        entries = entries_of(writer().xrevrange(key_of(self.answer.id), count=1))
        self._begun = bool(entries)
        self._last = number_of(entries[0][0]) if entries else 0
        if entries and b"end" in entries[0][1]:
            self.is_over = True
        self.is_known, self._signed_at = True, float("-inf")


publisher = Publisher()
