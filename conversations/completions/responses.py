"""Answers that hold a slot: begun before the response starts, and followed by it or waited for."""

from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from rest_framework.exceptions import APIException

from conversations.completions.concurrency import Slot
from conversations.completions.sse import PING, EventStreamResponse
from conversations.completions.streams import registry
from conversations.completions.streams.answer import Answering, RunningAnswer

Pause = TypeVar("Pause")
AnyAnswering = TypeVar("AnyAnswering", bound=Answering)


def streamed(user_id: int, begin: Callable[[], Answering], *, on_disconnect: str | None = None) -> EventStreamResponse:
    """Acquire a slot, begin, and stream the events.

    `on_disconnect` says what becomes of the answer when nobody reads it any more: `finish`, `stop`, or what is set.
    Raises ServerBusy, TooManyAnswers, and what `begin` raises.
    """
    _, answer = _begun(user_id, begin, finish=(on_disconnect or settings.ON_DISCONNECT) == "finish")
    return EventStreamResponse(answer.follow(0), ended=answer.leave)


def whole(user_id: int, begin: Callable[[], AnyAnswering]) -> AnyAnswering:
    """Acquire a slot, begin, and write the answer to its end in this thread; others may follow it meanwhile.

    Raises ServerBusy, TooManyAnswers, what `begin` raises and what goes wrong within LLMSelect.
    """
    answering, answer = _begun(user_id, begin, finish=True)
    answer.produce()
    answer.leave()
    return answering


def _begun(user_id: int, begin: Callable[[], AnyAnswering], *, finish: bool) -> tuple[AnyAnswering, RunningAnswer]:
    slot = Slot(user_id)
    try:
        answering = begin()
    except BaseException:
        slot.release()
        raise
    answer = RunningAnswer(answering, slot, finish=finish)
    registry.register(answer)
    return answering, answer


def store_between(attempts: Iterator[None], pause: Pause) -> Generator[Pause, None, Exception | None]:
    """Store what a stream brought; yield `pause` before each retry. Returns what storing ended with, if it failed."""
    try:
        for _ in attempts:
            yield pause
    except Exception as error:
        return error
    return None


def store_and_ping(attempts: Iterator[None]) -> Generator[bytes, None, APIException | None]:
    """Store what a stream brought; yield a ping for the client before each retry.

    Returns the error for the stream's last event when storing fails, None otherwise.
    """
    error = yield from store_between(attempts, PING)
    return None if error is None else not_stored(error)


def not_stored(error: Exception) -> APIException:
    """Return the error for the last event of a stream that could not be stored."""
    code = "database_unavailable" if isinstance(error, DatabaseError | InterfaceError) else "server_error"
    return APIException("What has arrived could not be stored.", code)
