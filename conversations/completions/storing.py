"""Stores answers of providers, with retries while the database is unavailable."""

import logging
import random
import time
from collections.abc import Callable, Iterator

from django.conf import settings

from perf.db import failures

logger = logging.getLogger("llmselect.storing")

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0  # seconds between attempts; each pause is twice the last one
LAST_SECONDS = 2.0  # for all attempts, once the server is about to be killed

_end = float("inf")  # of all attempts in this process, by the monotonic clock


def limit_retries() -> None:
    """Let all retries of this process end within two seconds, so that failures are logged before it is killed."""
    global _end
    _end = time.monotonic() + LAST_SECONDS


class Storing:
    """One answer to store; `over` is set when it is stored or given up.

    `store` is called with True for a retry. Then it must look first, since an attempt whose confirmation was lost may
    have stored the answer. No connection is held between attempts. `labels` identify the answer in the log, which never
    has its text.
    """

    def __init__(self, store: Callable[[bool], None], **labels: object) -> None:
        self.over = False
        self._store = store
        self._labels = labels
        self._tries = 0
        self._begun = 0.0

    def attempts(self) -> Iterator[None]:
        """Try until the answer is stored, and yield before each pause; a new iterator continues an abandoned one.

        Raises what the last attempt raised, when a retry cannot help or `ANSWER_STORE_SECONDS` are over.
        """
        self._begun = self._begun or time.monotonic()
        while not self.over:
            try:
                self._tries += 1
                self._store(self._tries > 1)
            except Exception as error:
                failures.note(error)
                pause = self._pause()
                if not failures.passes(error) or time.monotonic() + pause > self._deadline():
                    self.over = True
                    self._give_up(error)
                    raise
            else:
                self.over = True
                return
            yield
            time.sleep(pause)

    def wait(self) -> None:
        """Try until the answer is stored. Raises what `attempts` raises."""
        for _ in self.attempts():
            pass

    def _deadline(self) -> float:
        return min(self._begun + float(settings.ANSWER_STORE_SECONDS), _end)

    def _pause(self) -> float:
        """Return the seconds until the next attempt, at random, so that many answers do not retry at once."""
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self._tries - 1, 10))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311  # spreads load

    def _give_up(self, error: Exception) -> None:
        fields = {"error": type(error.__cause__ or error).__name__, "code": failures.code_of(error) or None}
        seconds = round(time.monotonic() - self._begun, 1)
        logger.error(
            "an answer could not be stored", extra={**fields, "tries": self._tries, "seconds": seconds, **self._labels}
        )
