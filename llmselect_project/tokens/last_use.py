"""When each token was last used, to the minute: noted in memory by requests, and written in the background."""

import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Q

from llmselect_project.models import ApiToken
from perf.timing import flushing

MINUTE = 60
BATCH = 500  # rows of one statement


class LastUses:
    """The uses that are not written yet; `clock` returns the time as a timestamp."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._noted: dict[UUID, int] = {}  # timestamps of minutes
        self._written: dict[UUID, int] = {}

    def note(self, token_id: UUID) -> None:
        """Note that a token is used now."""
        self._noted[token_id] = self._minute()

    def write(self) -> None:
        """Write what was noted, each token once a minute at most. Raises what the database raises, and keeps it."""
        taken = {token_id: self._noted.pop(token_id) for token_id in list(self._noted)}
        by_minute: dict[int, list[UUID]] = defaultdict(list)
        for token_id, minute in taken.items():
            if self._written.get(token_id) != minute:
                by_minute[minute].append(token_id)
        try:
            for minute, token_ids in by_minute.items():
                for start in range(0, len(token_ids), BATCH):
                    _store(token_ids[start : start + BATCH], minute)
        except Exception:
            for token_id, minute in taken.items():
                self._noted.setdefault(token_id, minute)
            raise
        latest = self._minute()
        both = {**self._written, **taken}
        self._written = {token_id: minute for token_id, minute in both.items() if minute >= latest}

    def _minute(self) -> int:
        return int(self._clock()) // MINUTE * MINUTE


def _store(token_ids: list[UUID], minute: int) -> None:
    """Write a use, unless another worker wrote a later one; what authentication caches does not change."""
    moment = datetime.fromtimestamp(minute, UTC)
    older = Q(last_used_at=None) | Q(last_used_at__lt=moment)
    ApiToken.objects.filter(older, pk__in=token_ids).update_quietly(last_used_at=moment)


uses = LastUses()
flushing.BACKGROUND.append(uses.write)
