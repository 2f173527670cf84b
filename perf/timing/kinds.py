"""The kinds of figures: what each is labelled with, what is added up beside times, and how many labels it may have.

An app that measures something of its own registers a kind for it, and hands what it measured to `recorder.measured`.
"""

from dataclasses import dataclass

OTHER = "(other)"
UNMATCHED = "(unmatched)"  # the route of paths that no pattern matches

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Histogram:
    """The durations of a kind as a Prometheus histogram, by the first of the kind's labels."""

    name: str
    help: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Counter:
    """The count of a kind, or one of its `extras` scaled to a base unit, as a Prometheus counter."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    extra: str | None = None
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of figures.

    `extras` names the numbers that are added up beside count and seconds. Of labels beyond `limit`, the `bounded`
    parts become `OTHER`; the other parts have few values.
    """

    name: str
    limit: int
    bounded: tuple[int, ...]
    extras: tuple[str, ...] = ()
    timed: bool = True
    histogram: Histogram | None = None
    counters: tuple[Counter, ...] = ()

    def other(self, key: Key) -> Key:
        """Return the label that stands for this one when there are too many."""
        return tuple(OTHER if number in self.bounded else part for number, part in enumerate(key))


KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Add a kind and return it; raises ValueError for a name that is taken."""
    if kind.name in KINDS:
        raise ValueError(f"There is a kind {kind.name} already.")
    KINDS[kind.name] = kind
    return kind


# Labels: method, route, status. Seconds to the last byte, or to the first of a stream.
REQUESTS = register(
    Kind(
        "requests",
        1500,
        (1,),
        ("database_seconds", "queries", "pool_seconds"),
        histogram=Histogram(
            "llmselect_request_duration_seconds",
            "Time in the application; a stream counts to its first byte.",
            ("method", "route"),
        ),
        counters=(Counter("llmselect_requests", "Requests answered.", ("method", "route", "status")),),
    )
)
# Labels: method, route. Seconds to the end of a stream.
STREAMS = register(
    Kind(
        "streams",
        200,
        (1,),
        histogram=Histogram("llmselect_stream_duration_seconds", "Time to the end of a stream.", ("method", "route")),
    )
)
# Labels: origin, shape.
QUERIES = register(
    Kind(
        "queries",
        1000,
        (1,),
        ("rows", "with_rows", "failed"),
        histogram=Histogram("llmselect_query_duration_seconds", "Time of database statements.", ("origin",)),
        counters=(
            Counter("llmselect_query_failures", "Database statements that failed.", ("origin",), extra="failed"),
        ),
    )
)
# Labels: route, shape. Counts the requests that repeated it.
REPEATS = register(Kind("repeats", 200, (0, 1), timed=False))
# Labels: namespace, and hit or miss.
CACHES = register(
    Kind(
        "caches",
        100,
        (0,),
        histogram=Histogram("llmselect_cache_lookup_duration_seconds", "Time of cache lookups.", ("namespace",)),
        counters=(Counter("llmselect_cache_lookups", "Cache lookups.", ("namespace", "result")),),
    )
)
# One label.
POOL = register(
    Kind("pool", 1, (), histogram=Histogram("llmselect_pool_wait_seconds", "Time that a connection was waited for."))
)
