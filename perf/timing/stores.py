"""Keeping figures by minute and by hour: in Redis where there is one, else in a table.

A block is what one worker measured in one span of time. Only that worker writes it, so nobody overwrites another's.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import QuerySet

from perf.models import TimingBlock
from perf.timing.totals import GONE, folded

MINUTE, HOUR = 60, 3600  # seconds; the spans of blocks
KEPT = {MINUTE: 2 * HOUR, HOUR: 8 * 24 * HOUR}  # seconds after the start, a little more than can be asked for
PREFIX = "llmselect:perf"
TOTALS: "Place" = (0, 0)  # of a worker since it began, see perf.timing.totals
TOTALS_KEPT = 90 * 24 * HOUR  # seconds after the last worker handed on

Place = tuple[int, int]  # span, and start in seconds since 1970
Block = tuple[int, str, bytes]  # start, worker, data


class Store(Protocol):
    """What blocks are kept in; every method raises what its backend raises."""

    def own(self, worker: str, places: Sequence[Place]) -> dict[Place, bytes]:
        """Return a worker's blocks, where it has them."""

    def write(self, worker: str, blocks: Mapping[Place, bytes]) -> None:
        """Store a worker's blocks, all or none, in place of what it stored there."""

    def read(self, span: int, starts: range) -> list[Block]:
        """Return all workers' blocks."""

    def totals(self) -> dict[str, bytes]:
        """Return the totals of all workers and of those gone, as they were at one moment."""

    def fold(self) -> None:
        """Make the totals of workers that are gone into one block, at one moment."""

    def prune(self) -> int:
        """Delete what is older than `KEPT`; returns how many blocks went."""


class RedisStore:
    """A hash for each span, with a field for each worker, that expires."""

    def own(self, worker: str, places: Sequence[Place]) -> dict[Place, bytes]:
        """See Store."""
        pipeline = self._client().pipeline(transaction=False)
        for place in places:
            pipeline.hget(_key(place), worker)
        return {place: data for place, data in zip(places, pipeline.execute(), strict=True) if data is not None}

    def write(self, worker: str, blocks: Mapping[Place, bytes]) -> None:
        """See Store."""
        pipeline = self._client().pipeline(transaction=True)
        for place, data in blocks.items():
            pipeline.hset(_key(place), worker, data)
            pipeline.expire(_key(place), KEPT.get(place[0], TOTALS_KEPT))
        pipeline.execute()

    def read(self, span: int, starts: range) -> list[Block]:
        """See Store."""
        pipeline = self._client().pipeline(transaction=False)
        for start in starts:
            pipeline.hgetall(_key((span, start)))
        return [
            (start, worker.decode(), data)
            for start, found in zip(starts, pipeline.execute(), strict=True)
            for worker, data in found.items()
        ]

    def totals(self) -> dict[str, bytes]:
        """See Store."""
        return {worker.decode(): data for worker, data in self._client().hgetall(_key(TOTALS)).items()}

    def fold(self) -> None:
        """See Store; begins again when a worker writes meanwhile."""

        def change(pipeline: Any) -> None:
            found = {worker.decode(): data for worker, data in pipeline.hgetall(_key(TOTALS)).items()}
            pipeline.multi()
            if (done := folded(found)) is not None:
                pipeline.hset(_key(TOTALS), GONE, done[0])
                pipeline.hdel(_key(TOTALS), *done[1])

        self._client().transaction(change, _key(TOTALS))

    def prune(self) -> int:
        """Leave it to Redis."""
        return 0

    def _client(self) -> Any:
        return cache.client.get_client(write=True)  # type: ignore[attr-defined]  # django-redis has it


class TableStore:
    """A row for each block."""

    def own(self, worker: str, places: Sequence[Place]) -> dict[Place, bytes]:
        """See Store."""
        rows = TimingBlock.objects.filter(
            worker=worker, span__in={span for span, _ in places}, start__in={start for _, start in places}
        )
        return {(span, start): bytes(data) for span, start, data in rows.values_list("span", "start", "data")}

    def write(self, worker: str, blocks: Mapping[Place, bytes]) -> None:
        """See Store; one statement, so that the lock on SQLite is held no longer than that takes."""
        TimingBlock.objects.bulk_create(
            [TimingBlock(span=span, start=start, worker=worker, data=data) for (span, start), data in blocks.items()],
            update_conflicts=True,
            unique_fields=["span", "start", "worker"],
            update_fields=["data"],
        )

    def read(self, span: int, starts: range) -> list[Block]:
        """See Store."""
        if not starts:
            return []
        rows = TimingBlock.objects.filter(span=span, start__gte=starts[0], start__lte=starts[-1]).order_by("start")
        return [(start, worker, bytes(data)) for start, worker, data in rows.values_list("start", "worker", "data")]

    def totals(self) -> dict[str, bytes]:
        """See Store."""
        return {worker: bytes(data) for worker, data in self._totals().values_list("worker", "data")}

    def fold(self) -> None:
        """See Store; whoever folds at the same time waits for the rows, and finds them gone."""
        with transaction.atomic():
            rows = self._totals().select_for_update().order_by("worker").values_list("worker", "data")
            done = folded({worker: bytes(data) for worker, data in rows})
            if done is not None:
                self.write(GONE, {TOTALS: done[0]})
                self._totals().filter(worker__in=done[1]).delete()

    def _totals(self) -> QuerySet[TimingBlock]:
        return TimingBlock.objects.filter(span=TOTALS[0], start=TOTALS[1])

    def prune(self) -> int:
        """See Store."""
        now = time.time()
        return sum(
            TimingBlock.objects.filter(span=span, start__lt=int(now - kept)).delete()[0] for span, kept in KEPT.items()
        )


def store() -> Store:
    """Return the store of this configuration."""
    return RedisStore() if settings.REDIS_URL else TableStore()


def impatient() -> None:
    """Have this thread give up soon where somebody else writes to SQLite, rather than stand in the queue."""
    if connection.vendor == "sqlite" and not settings.REDIS_URL:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 200")


def _key(place: Place) -> str:
    return f"{PREFIX}:{place[0]}:{place[1]}"
