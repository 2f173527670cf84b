"""Storing what a provider answered, again and again for some seconds while the database is away."""

import logging
import random
import time
from collections.abc import Callable, Iterator

from django.conf import settings

from perf.db import failures

logger = logging.getLogger("llmselect.storing")

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0  # seconds between tries, twice as long each time
HURRY = 2.0  # seconds that are left to store something once the server is about to be killed

_end = float("inf")  # of all tries in this process, by the monotonic clock


def hurry() -> None:
    """Have everything that is not stored within a moment given up, so that it is at least logged before the end."""
    global _end  # of one process
    _end = time.monotonic() + HURRY


class Storing:
    """Something that is to be stored once; `over` when it is, or was given up.

    `store` is called with whether it was tried before: then it may have been stored though that was never heard, and
    must look first. Between tries nothing is held. `what` names it in the log, which never shows what was written.
    """

    def __init__(self, store: Callable[[bool], None], **what: object) -> None:
        self.over = False
        self._store = store
        self._what = what
        self._tries = 0
        self._begun = 0.0

    def attempts(self) -> Iterator[None]:
        """Try until it is stored, yielding before each pause; another iterator goes on where one was left.

        Raises what the last try raised, when that cannot pass or `ANSWER_STORE_SECONDS` are over.
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
        """Try until it is stored, in this thread. Raises as `attempts`."""
        for _ in self.attempts():
            pass

    def _deadline(self) -> float:
        return min(self._begun + float(settings.ANSWER_STORE_SECONDS), _end)

    def _pause(self) -> float:
        """Return a time around which others try too, but not all in the same moment."""
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self._tries - 1, 10))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311  # spreads load

    def _give_up(self, error: Exception) -> None:
        said = {"error": type(error.__cause__ or error).__name__, "code": failures.code_of(error) or None}
        seconds = round(time.monotonic() - self._begun, 1)
        logger.error(
            "an answer could not be stored", extra={**said, "tries": self._tries, "seconds": seconds, **self._what}
        )
