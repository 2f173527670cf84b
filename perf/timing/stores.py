"""The stores of figures that all workers share: Redis if it is configured, else a table.

A block holds what one worker measured in one minute or one hour. Only that worker writes it, so no update is lost.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import QuerySet

from perf.models import TimingBlock
from perf.timing.totals import EXITED, compacted

MINUTE, HOUR = 60, 3600  # the spans of blocks, in seconds
RETENTION = {MINUTE: 2 * HOUR, HOUR: 8 * 24 * HOUR}  # seconds after a block's start, a little more than readers need
PREFIX = "llmselect:perf"
TOTALS: "BlockKey" = (0, 0)  # of a worker's `perf.timing.totals.Totals`
TOTALS_RETENTION = 90 * 24 * HOUR  # seconds after the last flush of any worker

BlockKey = tuple[int, int]  # span in seconds, and start as a timestamp
Block = tuple[int, str, bytes]  # start, name of the worker, data


class Store(Protocol):
    """Keeps blocks. Every method raises what its backend raises."""

    def read_own(self, worker: str, keys: Sequence[BlockKey]) -> dict[BlockKey, bytes]:
        """Return those blocks of a worker that exist."""

    def write(self, worker: str, blocks: Mapping[BlockKey, bytes]) -> None:
        """Replace blocks of a worker, all or none."""

    def read(self, span: int, starts: range) -> list[Block]:
        """Return the blocks of all workers that have this span and one of these starts."""

    def totals(self) -> dict[str, bytes]:
        """Return the encoded totals of all workers by name, atomically."""

    def compact_totals(self) -> None:
        """Merge the totals of exited workers into one block, atomically."""

    def prune(self) -> int:
        """Delete expired blocks, and return how many."""


class RedisStore:
    """Keeps a hash for each span and start, which expires; it has one field for each worker."""

    def read_own(self, worker: str, keys: Sequence[BlockKey]) -> dict[BlockKey, bytes]:
        """See Store."""
        pipeline = self._client().pipeline(transaction=False)
        for key in keys:
            pipeline.hget(_redis_key(key), worker)
        return {key: data for key, data in zip(keys, pipeline.execute(), strict=True) if data is not None}

    def write(self, worker: str, blocks: Mapping[BlockKey, bytes]) -> None:
        """See Store."""
        pipeline = self._client().pipeline(transaction=True)
        for key, data in blocks.items():
            pipeline.hset(_redis_key(key), worker, data)
            pipeline.expire(_redis_key(key), RETENTION.get(key[0], TOTALS_RETENTION))
        pipeline.execute()

    def read(self, span: int, starts: range) -> list[Block]:
        """See Store."""
        pipeline = self._client().pipeline(transaction=False)
        for start in starts:
            pipeline.hgetall(_redis_key((span, start)))
        return [
            (start, worker.decode(), data)
            for start, found in zip(starts, pipeline.execute(), strict=True)
            for worker, data in found.items()
        ]

    def totals(self) -> dict[str, bytes]:
        """See Store."""
        return {worker.decode(): data for worker, data in self._client().hgetall(_redis_key(TOTALS)).items()}

    def compact_totals(self) -> None:
        """See Store; starts over when a worker writes at the same time."""

        def change(pipeline: Any) -> None:
            found = {worker.decode(): data for worker, data in pipeline.hgetall(_redis_key(TOTALS)).items()}
            pipeline.multi()
            if (result := compacted(found)) is not None:
                block, exited = result
                pipeline.hset(_redis_key(TOTALS), EXITED, block)
                pipeline.hdel(_redis_key(TOTALS), *exited)

        self._client().transaction(change, _redis_key(TOTALS))

    def prune(self) -> int:
        """Do nothing: Redis deletes expired hashes."""
        return 0

    def _client(self) -> Any:
        return cache.client.get_client(write=True)  # type: ignore[attr-defined]  # django-redis has it


class TableStore:
    """Keeps a row for each block."""

    def read_own(self, worker: str, keys: Sequence[BlockKey]) -> dict[BlockKey, bytes]:
        """See Store."""
        rows = TimingBlock.objects.filter(
            worker=worker, span__in={span for span, _ in keys}, start__in={start for _, start in keys}
        )
        return {(span, start): bytes(data) for span, start, data in rows.values_list("span", "start", "data")}

    def write(self, worker: str, blocks: Mapping[BlockKey, bytes]) -> None:
        """See Store; a single statement, so that SQLite is locked only briefly."""
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

    def compact_totals(self) -> None:
        """See Store; the row locks let one process at a time do this."""
        with transaction.atomic():
            rows = self._totals().select_for_update().order_by("worker").values_list("worker", "data")
            result = compacted({worker: bytes(data) for worker, data in rows})
            if result is not None:
                block, exited = result
                self.write(EXITED, {TOTALS: block})
                self._totals().filter(worker__in=exited).delete()

    def _totals(self) -> QuerySet[TimingBlock]:
        return TimingBlock.objects.filter(span=TOTALS[0], start=TOTALS[1])

    def prune(self) -> int:
        """See Store."""
        now = time.time()
        return sum(
            TimingBlock.objects.filter(span=span, start__lt=int(now - kept)).delete()[0]
            for span, kept in RETENTION.items()
        )


def store() -> Store:
    """Return the store that the settings choose."""
    return RedisStore() if settings.REDIS_URL else TableStore()


def shorten_busy_timeout() -> None:
    """Shorten this thread's wait for other writers of SQLite; the next flush tries again."""
    if connection.vendor == "sqlite" and not settings.REDIS_URL:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 200")


def _redis_key(key: BlockKey) -> str:
    return f"{PREFIX}:{key[0]}:{key[1]}"
