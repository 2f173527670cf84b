"""What was measured since the first worker began, as counters that only grow: what Prometheus asks for.

Minutes and hours are forgotten in time, so their sum falls; these are kept beside them, a block for each worker and one
for all that are gone.
"""

import time
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest

import msgpack

from perf.timing import histogram, kinds
from perf.timing.deltas import Delta, Packed
from perf.timing.kinds import KINDS, Key

# Seconds, as Prometheus' histograms have them; what is longer is in none of them.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
GONE = "(gone)"  # the worker that stands for those that are gone
SILENT = 3600.0  # seconds after which a worker that said nothing is taken for gone; should it return it begins anew
FORMAT = 1  # of what is written; another version's is not understood

Numbers = list[float]  # count, seconds, the counts of the buckets, further sums


@dataclass(slots=True)
class Totals:
    """Sums by kind and label. `applied` is the number of the newest delta in it, `at` when that was added."""

    series: dict[str, dict[Key, Numbers]] = field(default_factory=dict)
    applied: int = 0
    at: float = field(default_factory=time.time)

    def of(self, kind: kinds.Kind) -> dict[Key, Numbers]:
        """Return the sums of a kind."""
        return self.series.get(kind.name, {})

    def add(self, other: "Totals") -> None:
        """Add another's sums; labels beyond the limit of their kind share one."""
        for name, table in other.series.items():
            if name in KINDS:
                for key, numbers in table.items():
                    self._put(KINDS[name], key, numbers)

    def add_delta(self, delta: Delta) -> None:
        """Add what a worker measured; statements by their origin alone."""
        for name, table in delta.kinds.items():
            if name not in KINDS or name == kinds.REPEATS.name:
                continue
            for key, packed in table.items():
                label = key[:1] if name == kinds.QUERIES.name else key
                self._put(KINDS[name], label, _numbers(packed))

    def _put(self, kind: kinds.Kind, key: Key, numbers: Numbers) -> None:
        into = self.series.setdefault(kind.name, {})
        place = key if key in into or len(into) < kind.limit else kind.other(key)
        into[place] = [a + b for a, b in zip_longest(into.get(place, ()), numbers, fillvalue=0)]

    def encoded(self) -> bytes:
        """Write it as bytes."""
        series = {name: list(table.items()) for name, table in self.series.items()}
        return zlib.compress(msgpack.packb([FORMAT, series, self.applied, self.at]), 1)

    @classmethod
    def decoded(cls, data: bytes) -> "Totals":
        """Read what `encoded` wrote; nothing where another version of it wrote otherwise."""
        form, *written = msgpack.unpackb(zlib.decompress(data))
        if form != FORMAT:
            return cls()
        series, applied, at = written
        return cls({name: {tuple(key): sums for key, sums in table} for name, table in series.items()}, applied, at)


def summed(blocks: Iterable[bytes]) -> Totals:
    """Add up blocks."""
    total = Totals()
    for data in blocks:
        total.add(Totals.decoded(data))
    return total


def folded(blocks: Mapping[str, bytes]) -> tuple[bytes, list[str]] | None:
    """Add the blocks of silent workers to that of those gone; returns it and their names, None when there are none."""
    silent = [name for name, data in blocks.items() if name != GONE and Totals.decoded(data).at < time.time() - SILENT]
    if not silent:
        return None
    names = [GONE, *silent] if GONE in blocks else silent
    return summed(blocks[name] for name in names).encoded(), silent


def _numbers(packed: Packed) -> Numbers:
    count, seconds, _, _, extras, *_ = packed
    return [count, seconds, *_in_buckets((packed[2], packed[3])), *extras]


def _in_buckets(packed: histogram.Packed) -> list[int]:
    """Count by `BOUNDS`, each by itself; a bucket that lies across a bound counts where its middle is."""
    counted = [0] * len(BOUNDS)
    first, counts = histogram.unpack(packed)
    for position, count in enumerate(counts, first):
        if count:
            seconds = histogram.middle(position)
            for number, bound in enumerate(BOUNDS):
                if seconds <= bound:
                    counted[number] += count
                    break
    return counted
