"""The kinds of figures: their labels, how many labels they may have, and their Prometheus metrics.

An app that measures something of its own registers a kind, and passes each duration to `recorder.record`.
"""

from collections.abc import Collection
from dataclasses import dataclass

OTHER = "(other)"  # the label that labels beyond a limit share
UNMATCHED = "(unmatched)"  # the route of paths that no pattern matches

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HistogramMetric:
    """A Prometheus histogram of a kind's durations; `labels` name the first parts of the kind's label."""

    name: str
    help: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CounterMetric:
    """A Prometheus counter of a kind's count, or of one of its `extras`, multiplied by `scale` to get a base unit."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    extra: str | None = None
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of figures.

    `extras` names the numbers that are summed beside count and seconds. A kind has at most `limit` labels: in further
    ones the parts at the positions `open_ended` become `OTHER`; the other parts have few values. Kinds that are not
    `timed` have no histogram of durations.
    """

    name: str
    limit: int
    open_ended: tuple[int, ...]
    extras: tuple[str, ...] = ()
    timed: bool = True
    histogram: HistogramMetric | None = None
    counters: tuple[CounterMetric, ...] = ()

    def bounded(self, key: Key, existing: Collection[Key]) -> Key:
        """Return the label, or the shared one in its place when it would be one label too many."""
        if key in existing or len(existing) < self.limit:
            return key
        return tuple(OTHER if position in self.open_ended else part for position, part in enumerate(key))


KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Add a kind and return it. Raises ValueError when there is one of that name."""
    if kind.name in KINDS:
        raise ValueError(f"There is a kind {kind.name} already.")
    KINDS[kind.name] = kind
    return kind


# Labels: method, route, status. Seconds to the last byte; of a stream, to its first byte.
REQUESTS = register(
    Kind(
        "requests",
        1500,
        (1,),
        ("database_seconds", "queries", "pool_seconds"),
        histogram=HistogramMetric(
            "llmselect_request_duration_seconds",
            "Time in the application; a stream counts to its first byte.",
            ("method", "route"),
        ),
        counters=(CounterMetric("llmselect_requests", "Requests answered.", ("method", "route", "status")),),
    )
)
# Labels: method, route. Seconds to the end of a stream.
STREAMS = register(
    Kind(
        "streams",
        200,
        (1,),
        histogram=HistogramMetric(
            "llmselect_stream_duration_seconds", "Time to the end of a stream.", ("method", "route")
        ),
    )
)
# Labels: origin, fingerprint.
QUERIES = register(
    Kind(
        "queries",
        1000,
        (1,),
        ("rows", "with_rows", "failed"),
        histogram=HistogramMetric("llmselect_query_duration_seconds", "Time of database statements.", ("origin",)),
        counters=(
            CounterMetric("llmselect_query_failures", "Database statements that failed.", ("origin",), extra="failed"),
        ),
    )
)
# Labels: route, fingerprint. Counts requests that repeat a statement.
REPEATS = register(Kind("repeats", 200, (0, 1), timed=False))
# Labels: namespace, "hit" or "miss".
CACHES = register(
    Kind(
        "caches",
        100,
        (0,),
        histogram=HistogramMetric("llmselect_cache_lookup_duration_seconds", "Time of cache lookups.", ("namespace",)),
        counters=(CounterMetric("llmselect_cache_lookups", "Cache lookups.", ("namespace", "result")),),
    )
)
# The only label is "wait".
POOL = register(
    Kind(
        "pool",
        1,
        (),
        histogram=HistogramMetric("llmselect_pool_wait_seconds", "Time that a connection was waited for."),
    )
)
