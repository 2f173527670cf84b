"""Stores answers, with retries for some seconds while the database is away."""

import logging
import random
import time
from collections.abc import Callable, Iterator

from django.conf import settings

from perf.db import failures
from perf.db.connections import driver_code

logger = logging.getLogger("llmselect.storing")

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0  # seconds between tries, twice as long each time
LAST_SECONDS = 2.0  # for storing, once the server is about to be killed

_end = float("inf")  # of all attempts in this process, by the monotonic clock


def shorten_deadlines() -> None:
    """Leave `LAST_SECONDS` for all retries of this process, so that a failure is logged before the kill."""
    global _end  # of one process
    _end = time.monotonic() + LAST_SECONDS


class Storing:
    """One thing to store; `over` when it is stored or given up.

    `store` is called with whether this is a retry: an earlier try may have been committed though its success was never
    reported, so a retry checks first. Between tries no connection is held. `context` goes into the log with a failure;
    what was to be stored never does.
    """

    def __init__(self, store: Callable[[bool], None], **context: object) -> None:
        self.over = False
        self._store = store
        self._context = context
        self._tries = 0
        self._begun = 0.0

    def attempts(self) -> Iterator[None]:
        """Try until it is stored, yielding before each pause; a second iterator continues where the first stopped.

        Raises the error of the last try, when it is no passing one or `ANSWER_STORE_SECONDS` are over.
        """
        self._begun = self._begun or time.monotonic()
        while not self.over:
            try:
                self._tries += 1
                self._store(self._tries > 1)
            except Exception as error:
                failures.note(error)
                pause = self._pause()
                if not failures.is_transient(error) or time.monotonic() + pause > self._deadline():
                    self.over = True
                    self._give_up(error)
                    raise
            else:
                self.over = True
                return
            yield
            time.sleep(pause)

    def wait(self) -> None:
        """Try until it is stored, in this thread. Raises what `attempts` raises."""
        for _ in self.attempts():
            pass

    def _deadline(self) -> float:
        return min(self._begun + float(settings.ANSWER_STORE_SECONDS), _end)

    def _pause(self) -> float:
        """Return the seconds to wait: exponential backoff with jitter."""
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self._tries - 1, 10))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311  # spreads load

    def _give_up(self, error: Exception) -> None:
        details = {"error": type(error.__cause__ or error).__name__, "code": driver_code(error) or None}
        seconds = round(time.monotonic() - self._begun, 1)
        logger.error(
            "an answer could not be stored",
            extra={**details, "tries": self._tries, "seconds": seconds, **self._context},
        )
