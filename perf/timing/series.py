"""The figures that this process has not flushed: one series for each label, in bounded memory."""

import heapq
from collections import defaultdict
from typing import Any

from perf.timing import histogram
from perf.timing.deltas import MAX_EVENTS, MAX_ROUTES, Delta, PackedSeries
from perf.timing.kinds import OTHER, Key, Kind


class Series:
    """The figures of one label of a kind.

    `seconds` is the sum of the durations and `extras` the sums of the kind's further numbers. `routes` counts the
    statements by route. `worst` describes the worst case: see `PackedSeries`.
    """

    __slots__ = ("buckets", "count", "extras", "routes", "seconds", "worst")

    def __init__(self, kind: Kind) -> None:
        self.count = 0
        self.seconds = 0.0
        self.buckets = histogram.new() if kind.timed else None
        self.extras: list[float] = [0] * len(kind.extras)
        self.routes: dict[str, int] = {}
        self.worst: list[Any] | None = None

    def add(self, seconds: float) -> None:
        """Add one duration."""
        self.count += 1
        self.seconds += seconds
        if self.buckets is not None:
            self.buckets[histogram.bucket(seconds)] += 1

    def count_route(self, route: str) -> None:
        """Count a route; all beyond `MAX_ROUTES` are counted as `OTHER`."""
        if route not in self.routes and len(self.routes) >= MAX_ROUTES:
            route = OTHER
        self.routes[route] = self.routes.get(route, 0) + 1

    def pack(self) -> PackedSeries:
        """Return the figures as plain data."""
        packed = histogram.EMPTY if self.buckets is None else histogram.pack(self.buckets)
        return PackedSeries(self.count, self.seconds, packed, self.extras, self.routes, self.worst)


class LiveSeries:
    """The series of every kind, and the slowest events. Callers hold the recorder's lock."""

    def __init__(self) -> None:
        self.kinds: defaultdict[str, dict[Key, Series]] = defaultdict(dict)
        self.events: dict[str, list[tuple[float, float, dict[str, Any]]]] = {}
        self.changed = False  # other than by the flush itself

    def get(self, kind: Kind, key: Key) -> Series:
        """Return the series of a label; beyond the kind's limit, the one that such labels share."""
        table = self.kinds[kind.name]
        found = table.get(key)
        if found is None:
            key = kind.bounded(key, table)
            found = table.get(key)
            if found is None:
                found = table[key] = Series(kind)
        return found

    def add_event(self, name: str, seconds: float, timestamp: float, details: dict[str, Any]) -> None:
        """Keep an event if it is among the `MAX_EVENTS` slowest of its name."""
        events = self.events.setdefault(name, [])
        if len(events) < MAX_EVENTS:
            heapq.heappush(events, (seconds, timestamp, details))
        elif seconds > events[0][0]:
            heapq.heapreplace(events, (seconds, timestamp, details))

    def snapshot(self) -> Delta:
        """Return a copy of all figures."""
        kinds = {
            name: {key: series.pack() for key, series in table.items()} for name, table in self.kinds.items() if table
        }
        return Delta(kinds, self._packed_events())

    def drain(self) -> Delta:
        """Return all figures, removing each as it is packed, so that memory never holds all of them twice."""
        delta = Delta(events=self._packed_events())
        for name, table in self.kinds.items():
            packed = delta.kinds.setdefault(name, {})
            while table:
                key, series = table.popitem()
                packed[key] = series.pack()
        return delta

    def _packed_events(self) -> dict[str, list[list[Any]]]:
        return {name: [list(event) for event in events] for name, events in self.events.items()}
