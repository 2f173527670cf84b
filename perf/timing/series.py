"""What was measured since it was last handed on: one series a label, in memory that does not grow."""

import heapq
from collections import defaultdict
from typing import Any

from perf.timing import histogram
from perf.timing.deltas import COUNTED_LIMIT, EVENTS_LIMIT, Delta, Packed
from perf.timing.kinds import OTHER, Key, Kind


class Series:
    """Count, seconds, their histogram, further sums, what it was counted under, and the worst of it."""

    __slots__ = ("buckets", "count", "counted", "extras", "total", "worst")

    def __init__(self, kind: Kind) -> None:
        self.count = 0
        self.total = 0.0
        self.buckets = histogram.new() if kind.timed else None
        self.extras: list[float] = [0] * len(kind.extras)
        self.counted: dict[str, int] = {}
        self.worst: list[Any] | None = None

    def add(self, seconds: float) -> None:
        """Add one duration."""
        self.count += 1
        self.total += seconds
        if self.buckets is not None:
            self.buckets[histogram.bucket(seconds)] += 1

    def count_under(self, label: str) -> None:
        """Count by a label; beyond `COUNTED_LIMIT` they share one."""
        if label not in self.counted and len(self.counted) >= COUNTED_LIMIT:
            label = OTHER
        self.counted[label] = self.counted.get(label, 0) + 1

    def packed(self) -> Packed:
        """Write it as plain data."""
        first, counts = histogram.EMPTY if self.buckets is None else histogram.pack(self.buckets)
        return [self.count, self.total, first, counts, self.extras, self.counted, self.worst]


class Live:
    """The series of every kind, and the slowest events. Whoever uses it holds the lock of the recorder."""

    def __init__(self) -> None:
        self.kinds: defaultdict[str, dict[Key, Series]] = defaultdict(dict)
        self.events: dict[str, list[tuple[float, float, dict[str, Any]]]] = {}
        self.changed = False  # by anything else than handing on

    def series(self, kind: Kind, key: Key) -> Series:
        """Return the series of a label, or of the one that stands for those beyond the limit."""
        table = self.kinds[kind.name]
        found = table.get(key)
        if found is None:
            if len(table) >= kind.limit:
                key = kind.other(key)
                if key in table:
                    return table[key]
            found = table[key] = Series(kind)
        return found

    def event(self, name: str, seconds: float, at: float, what: dict[str, Any]) -> None:
        """Keep an event if it is among the slowest; `at` is seconds since 1970."""
        kept = self.events.setdefault(name, [])
        if len(kept) < EVENTS_LIMIT:
            heapq.heappush(kept, (seconds, at, what))
        elif seconds > kept[0][0]:
            heapq.heapreplace(kept, (seconds, at, what))

    def packed(self) -> Delta:
        """Write everything as plain data."""
        kinds = {
            name: {key: series.packed() for key, series in table.items()} for name, table in self.kinds.items() if table
        }
        return Delta(kinds, {name: [list(event) for event in kept] for name, kept in self.events.items()})

    def moved(self) -> Delta:
        """Write everything as plain data and let go of it on the way, so that memory never holds both."""
        delta = Delta(events={name: [list(event) for event in kept] for name, kept in self.events.items()})
        for name, table in self.kinds.items():
            packed = delta.kinds.setdefault(name, {})
            while table:
                key, series = table.popitem()
                packed[key] = series.packed()
        return delta
