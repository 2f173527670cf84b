"""Figures as plain data: merged by adding, and written as compact bytes to be handed on."""

import zlib
from dataclasses import dataclass, field
from typing import Any

import msgpack

from perf.timing import histogram
from perf.timing.kinds import KINDS, OTHER, Key, Kind

COUNTED_LIMIT = 20  # labels that a series is counted under
EVENTS_LIMIT = 50  # slowest events of a name
COMPRESSION = 1
FORMAT = 1  # of what is written; another version's figures are not understood

# count, seconds, first bucket, counts of buckets, further sums, counted under, worst
Packed = list[Any]
Event = list[Any]  # seconds, seconds since 1970, what


@dataclass(slots=True)
class Delta:
    """Figures of a worker or of many: by kind and label, and the slowest events by name.

    `applied` is the number of the newest delta that a worker merged into this, `gauges` what it saw last, and when.
    """

    kinds: dict[str, dict[Key, Packed]] = field(default_factory=dict)
    events: dict[str, list[Event]] = field(default_factory=dict)
    applied: int = 0
    gauges: dict[str, float] = field(default_factory=dict)

    def of(self, kind: Kind) -> dict[Key, Packed]:
        """Return the series of a kind."""
        return self.kinds.get(kind.name, {})

    def add(self, other: "Delta") -> None:
        """Add another's figures; it may share data with this one afterwards."""
        for name, table in other.kinds.items():
            if name in KINDS:  # another version's worker may know others
                _add_table(KINDS[name], self.kinds.setdefault(name, {}), table)
        for name, events in other.events.items():
            kept = self.events.setdefault(name, [])
            kept.extend(events)
            kept.sort(key=lambda event: event[0], reverse=True)
            del kept[EVENTS_LIMIT:]

    def encoded(self) -> bytes:
        """Write it as bytes."""
        kinds = {name: list(table.items()) for name, table in self.kinds.items()}
        return zlib.compress(msgpack.packb([FORMAT, kinds, self.events, self.applied, self.gauges]), COMPRESSION)

    @classmethod
    def decoded(cls, data: bytes) -> "Delta":
        """Read what `encoded` wrote; nothing where another version of it wrote otherwise."""
        form, *written = msgpack.unpackb(zlib.decompress(data))
        if form != FORMAT:
            return cls()
        kinds, events, applied, gauges = written
        tables = {name: {tuple(key): packed for key, packed in table} for name, table in kinds.items()}
        return cls(tables, events, applied, gauges)


def _add_table(kind: Kind, into: dict[Key, Packed], table: dict[Key, Packed]) -> None:
    for key, packed in table.items():
        place = key if key in into or len(into) < kind.limit else kind.other(key)
        into[place] = _sum(into[place], packed) if place in into else packed


def _sum(one: Packed, other: Packed) -> Packed:
    first, counts = histogram.merge((one[2], one[3]), (other[2], other[3]))
    extras = [a + b for a, b in zip(one[4], other[4], strict=False)]
    return [
        one[0] + other[0],
        one[1] + other[1],
        first,
        counts,
        extras,
        _counted(one[5], other[5]),
        max(one[6] or [], other[6] or [], key=lambda worst: worst[0] if worst else -1.0) or None,
    ]


def _counted(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    if not other:
        return one
    total = dict(one)
    for label, count in other.items():
        place = label if label in total or len(total) < COUNTED_LIMIT else OTHER
        total[place] = total.get(place, 0) + count
    return total
