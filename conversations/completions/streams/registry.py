"""The answers of this process: those that are being written, and for some minutes those that have ended."""

import logging
import threading
import time
from multiprocessing import util
from uuid import UUID

from django.conf import settings

from conversations.completions.streams.answer import RunningAnswer
from conversations.completions.streams.publishing import publisher

logger = logging.getLogger("llmselect.answers")

KEPT_BYTES = 64 * 2**20  # of the answers that have ended; the oldest are dropped first
TICK = 1.0  # seconds between looks at the answers

_lock = threading.Lock()
_answers: dict[UUID, RunningAnswer] = {}  # oldest first
_watching = False


def register(answer: RunningAnswer) -> None:
    """Let an answer be found, until some minutes after its end."""
    global _watching  # one thread a process
    with _lock:
        _answers[answer.id] = answer
        starts, _watching = not _watching, True
    if starts:
        threading.Thread(target=_watch, name="answers", daemon=True).start()
    publisher.add(answer)


def find(stream_id: UUID, *, kind: str, user_id: int) -> RunningAnswer | None:
    """Return a user's answer; None if it is not in this process."""
    answer = _answers.get(stream_id)
    return answer if answer is not None and (answer.kind, answer.user_id) == (kind, user_id) else None


def running() -> list[RunningAnswer]:
    """Return the answers that are being written in this process."""
    return [answer for answer in list(_answers.values()) if not answer.ended]


def forget(user_id: int) -> None:
    """Stop and forget the answers of a user, who was deleted."""
    publisher.forget(user_id)
    with _lock:
        theirs = [answer for answer in _answers.values() if answer.user_id == user_id]
        for answer in theirs:
            del _answers[answer.id]
    for answer in theirs:
        answer.cancel()


def finish_at_exit() -> None:
    """Have this worker process end once its answers have, also those whose readers its server has just left alone."""

    def keep_all() -> None:
        for answer in running():
            answer.keep()  # in threads that the end of the process waits for

    util.Finalize(None, keep_all, exitpriority=0)


def drop_old(now: float) -> None:
    """Forget the answers that ended some minutes ago, and the oldest ones beyond `KEPT_BYTES`."""
    with _lock:
        ended = [answer for answer in _answers.values() if answer.ended]
        kept = sum(answer.log.size for answer in ended)
        for answer in ended:
            if now - answer.ended_at > settings.STREAM_KEEP_SECONDS or kept > KEPT_BYTES:
                kept -= answer.log.size
                del _answers[answer.id]


def _watch() -> None:
    """Look after the answers, until there are none."""
    global _watching  # one thread a process
    while True:
        time.sleep(TICK)
        try:
            look_after()
        except Exception:  # the next look is soon
            logger.exception("answers could not be looked after")
        with _lock:
            if not _answers:
                _watching = False
                return


def look_after() -> None:
    """Go on with what stands still, and drop what is old."""
    drop_old(time.monotonic())
    for answer in running():
        if answer.stands_still():
            answer.keep()
