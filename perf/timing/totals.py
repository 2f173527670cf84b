"""Cumulative totals for Prometheus, whose counters must never fall: the sums over all workers since the first start.

Figures by minute and hour expire, so their sum falls. Totals are stored beside them: one block for each worker, and one
for all exited workers.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest

from perf.timing import histogram, kinds
from perf.timing.deltas import Delta, PackedSeries, decode, encode
from perf.timing.kinds import KINDS, Key

# Upper bounds of the Prometheus buckets, in seconds. Longer durations are in the bucket +Inf alone.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
EXITED = "(gone)"  # the worker name of the block for all exited workers
EXITED_AFTER = (
    3600.0  # seconds without a flush after which a worker counts as exited; if it returns, it starts a new block
)
FORMAT = 1  # of the encoded bytes; totals in another format are ignored

Sums = list[float]  # count, seconds, the counts of the buckets, the kind's extras


@dataclass(slots=True)
class Totals:
    """Sums by kind and label. `applied` is the number of the last flush that is contained, `at` its timestamp."""

    series: dict[str, dict[Key, Sums]] = field(default_factory=dict)
    applied: int = 0
    at: float = field(default_factory=time.time)

    def of(self, kind: kinds.Kind) -> dict[Key, Sums]:
        """Return the sums of a kind by label."""
        return self.series.get(kind.name, {})

    def add(self, other: "Totals") -> None:
        """Add another's sums."""
        for name, table in other.series.items():
            if name in KINDS:  # a worker of another version may have other kinds
                for key, sums in table.items():
                    self._add_sums(KINDS[name], key, sums)

    def add_delta(self, delta: Delta) -> None:
        """Add the figures of a worker; statements are summed by origin, without their fingerprints."""
        for name, table in delta.kinds.items():
            if name not in KINDS or name == kinds.REPEATS.name:
                continue
            for key, series in table.items():
                label = key[:1] if name == kinds.QUERIES.name else key
                sums = [series.count, series.seconds, *_bucket_counts(series), *series.extras]
                self._add_sums(KINDS[name], label, sums)

    def _add_sums(self, kind: kinds.Kind, key: Key, sums: Sums) -> None:
        table = self.series.setdefault(kind.name, {})
        key = kind.bounded(key, table)
        table[key] = [a + b for a, b in zip_longest(table.get(key, ()), sums, fillvalue=0)]

    def encode(self) -> bytes:
        """Return compressed MessagePack."""
        series = {name: list(table.items()) for name, table in self.series.items()}
        return encode(FORMAT, series, self.applied, self.at)

    @classmethod
    def decode(cls, data: bytes) -> "Totals":
        """Return what `encode` wrote; empty totals for data in another format."""
        fields = decode(FORMAT, data)
        if fields is None:
            return cls()
        series, applied, at = fields
        return cls({name: {tuple(key): sums for key, sums in table} for name, table in series.items()}, applied, at)


def sum_of(blocks: Iterable[bytes]) -> Totals:
    """Return the sum of encoded totals."""
    total = Totals()
    for data in blocks:
        total.add(Totals.decode(data))
    return total


def compacted(blocks: Mapping[str, bytes]) -> tuple[bytes, list[str]] | None:
    """Add the blocks of exited workers to the block `EXITED`.

    `blocks` are encoded totals by worker. Returns the new block `EXITED` and the names of the workers in it, whose own
    blocks must be deleted; None if no worker has exited.
    """
    now = time.time()
    exited = [name for name, data in blocks.items() if name != EXITED and Totals.decode(data).at < now - EXITED_AFTER]
    if not exited:
        return None
    names = [EXITED, *exited] if EXITED in blocks else exited
    return sum_of(blocks[name] for name in names).encode(), exited


def _bucket_counts(series: PackedSeries) -> list[int]:
    """Count durations by `BOUNDS`, not cumulatively; a bucket across a bound counts where its middle is."""
    counted = [0] * len(BOUNDS)
    first, counts = histogram.unpack(series.buckets)
    for position, count in enumerate(counts, first):
        if count:
            seconds = histogram.middle(position)
            for number, bound in enumerate(BOUNDS):
                if seconds <= bound:
                    counted[number] += count
                    break
    return counted
