"""The registry of the kinds of figures: their labels, the limits of labels, and their Prometheus metrics.

An app that measures something of its own registers a kind, and passes each duration to `recorder.record`.
"""

from collections.abc import Collection
from dataclasses import dataclass

OTHER = "(other)"  # the label that labels beyond a limit share
UNMATCHED = "(unmatched)"  # the route of paths that no pattern matches

Key = tuple[str, ...]  # the values of a kind's labels


@dataclass(frozen=True, slots=True)
class HistogramMetric:
    """A Prometheus histogram of a kind's durations; `labels` are the first ones of the kind."""

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

    A key has one value for each of the `labels`. The `open_ended` labels may have any number of values: beyond `limit`
    keys, new keys get `OTHER` for them. `extras` names the numbers that are summed beside count and seconds. Kinds that
    are not `timed` have no histogram of durations.
    """

    name: str
    labels: tuple[str, ...]
    open_ended: tuple[str, ...]
    limit: int
    extras: tuple[str, ...] = ()
    timed: bool = True
    histogram: HistogramMetric | None = None
    counters: tuple[CounterMetric, ...] = ()

    def bounded(self, key: Key, existing: Collection[Key]) -> Key:
        """Return the key, or the shared key in its place if `existing` has no room for a new one."""
        if key in existing or len(existing) < self.limit:
            return key
        return tuple(
            OTHER if label in self.open_ended else value for label, value in zip(self.labels, key, strict=False)
        )


KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Register a kind and return it. Raises ValueError if the name is taken."""
    if kind.name in KINDS:
        raise ValueError(f"There is a kind {kind.name} already.")
    KINDS[kind.name] = kind
    return kind


# Seconds to the last byte; of a stream, to its first byte.
REQUESTS = register(
    Kind(
        "requests",
        ("method", "route", "status"),
        ("route",),
        1500,
        ("database_seconds", "queries", "pool_seconds"),
        histogram=HistogramMetric(
            "llmselect_request_duration_seconds",
            "Time in the application; a stream counts to its first byte.",
            ("method", "route"),
        ),
        counters=(CounterMetric("llmselect_requests", "Requests answered.", ("method", "route", "status")),),
    )
)
# Seconds to the end of a stream.
STREAMS = register(
    Kind(
        "streams",
        ("method", "route"),
        ("route",),
        200,
        histogram=HistogramMetric(
            "llmselect_stream_duration_seconds", "Time to the end of a stream.", ("method", "route")
        ),
    )
)
QUERIES = register(
    Kind(
        "queries",
        ("origin", "fingerprint"),
        ("fingerprint",),
        1000,
        ("rows", "with_rows", "failed"),
        histogram=HistogramMetric("llmselect_query_duration_seconds", "Time of database statements.", ("origin",)),
        counters=(
            CounterMetric("llmselect_query_failures", "Database statements that failed.", ("origin",), extra="failed"),
        ),
    )
)
# Counts requests that repeat a statement.
REPEATS = register(Kind("repeats", ("route", "fingerprint"), ("route", "fingerprint"), 200, timed=False))
CACHES = register(
    Kind(
        "caches",
        ("namespace", "result"),
        ("namespace",),
        100,
        histogram=HistogramMetric("llmselect_cache_lookup_duration_seconds", "Time of cache lookups.", ("namespace",)),
        counters=(CounterMetric("llmselect_cache_lookups", "Cache lookups.", ("namespace", "result")),),
    )
)
POOL = register(
    Kind(
        "pool",
        ("event",),
        (),
        1,
        histogram=HistogramMetric("llmselect_pool_wait_seconds", "Time that a connection was waited for."),
    )
)
