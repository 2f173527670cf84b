"""The figures of a period as plain data, which can be added and encoded."""

import zlib
from dataclasses import dataclass, field
from typing import Any

import msgpack

from perf.timing import histogram
from perf.timing.kinds import KINDS, OTHER, Key, Kind

MAX_ROUTES = 20  # routes that a series counts apart
MAX_EVENTS = 50  # slowest events of a name
FORMAT = 1  # of the encoded bytes; figures in another format are ignored

PackedEvent = list[Any]  # seconds, timestamp, details


@dataclass(slots=True)
class PackedSeries:
    """The figures of one label: see `perf.timing.series.Series`.

    `worst` is [seconds, timestamp, example, route] of the slowest statement, or [count, timestamp] of the request that
    repeated a statement most.
    """

    count: int
    seconds: float
    buckets: histogram.Packed
    extras: list[float]
    routes: dict[str, int]
    worst: list[Any] | None

    def plus(self, other: "PackedSeries") -> "PackedSeries":
        """Return the sum of both."""
        routes = dict(self.routes) if other.routes else self.routes
        for route, count in other.routes.items():
            name = route if route in routes or len(routes) < MAX_ROUTES else OTHER
            routes[name] = routes.get(name, 0) + count
        return PackedSeries(
            self.count + other.count,
            self.seconds + other.seconds,
            histogram.merge(self.buckets, other.buckets),
            [a + b for a, b in zip(self.extras, other.extras, strict=False)],
            routes,
            max(self.worst or [], other.worst or [], key=lambda worst: worst[0] if worst else -1.0) or None,
        )


@dataclass(slots=True)
class Delta:
    """The figures of one period, of one worker or of several: series by kind and label, and the slowest events by name.

    OpenTelemetry calls such figures *delta*, and those of `perf.timing.totals` *cumulative*. `applied` is the number of
    the last flush that is contained. `gauges` are the worker's gauges at that flush, and its timestamp as `at`.
    """

    kinds: dict[str, dict[Key, PackedSeries]] = field(default_factory=dict)
    events: dict[str, list[PackedEvent]] = field(default_factory=dict)
    applied: int = 0
    gauges: dict[str, float] = field(default_factory=dict)

    def of(self, kind: Kind) -> dict[Key, PackedSeries]:
        """Return the series of a kind by label."""
        return self.kinds.get(kind.name, {})

    def add(self, other: "Delta") -> None:
        """Add the figures of another delta; afterwards both may share data."""
        for name, table in other.kinds.items():
            if name in KINDS:  # a worker of another version may have other kinds
                own = self.kinds.setdefault(name, {})
                for label, series in table.items():
                    key = KINDS[name].bounded(label, own)
                    own[key] = own[key].plus(series) if key in own else series
        for name, events in other.events.items():
            kept = self.events.setdefault(name, [])
            kept.extend(events)
            kept.sort(key=lambda event: event[0], reverse=True)
            del kept[MAX_EVENTS:]

    def encode(self) -> bytes:
        """Return compressed MessagePack."""
        kinds = {name: list(table.items()) for name, table in self.kinds.items()}
        return encode(FORMAT, kinds, self.events, self.applied, self.gauges)

    @classmethod
    def decode(cls, data: bytes) -> "Delta":
        """Return what `encode` wrote; an empty delta for data in another format."""
        fields = decode(FORMAT, data)
        if fields is None:
            return cls()
        kinds, events, applied, gauges = fields
        tables = {
            name: {
                tuple(key): PackedSeries(count, seconds, (first, counts), extras, routes, worst)
                for key, (count, seconds, first, counts, extras, routes, worst) in table
            }
            for name, table in kinds.items()
        }
        return cls(tables, events, applied, gauges)


def encode(version: int, *fields: Any) -> bytes:
    """Return compressed MessagePack of a format version and the fields."""

    def as_list(series: PackedSeries) -> list[Any]:
        return [series.count, series.seconds, *series.buckets, series.extras, series.routes, series.worst]

    return zlib.compress(msgpack.packb([version, *fields], default=as_list), level=1)


def decode(version: int, data: bytes) -> list[Any] | None:
    """Return the fields that `encode` wrote; None for another version of the format."""
    written, *fields = msgpack.unpackb(zlib.decompress(data))
    return fields if written == version else None
