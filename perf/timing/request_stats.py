"""The statistics of the current request: its statements, cache lookups and waits for a connection."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from perf.timing.fingerprint import Fingerprint

Query = tuple[Fingerprint, float, int | None]  # seconds, and rows: None when unknown, -1 when the statement failed
Lookup = tuple[str, str, float]  # cache namespace, "hit" or "miss", seconds


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a request's time that an app measures: its name in the log and the API, and the title of a column."""

    name: str
    title: str


PARTS: list[Part] = []
"""The parts that apps have registered; each is shown of slow and failed requests."""

MAX_QUERIES = 1000  # statements that a request keeps in memory before they are recorded


class RequestStats:
    """The figures of one request, used by its thread alone; `route` returns the URL pattern of the request."""

    __slots__ = (
        *("answering", "counted", "database_seconds", "lookups", "parts"),
        *("pool_seconds", "queries", "query_count", "route"),
    )

    def __init__(self, route: Callable[[], str]) -> None:
        self.route = route
        self.queries: list[Query] = []
        self.query_count = 0
        self.database_seconds = 0.0
        self.pool_seconds = 0.0
        self.parts: dict[str, float] = {}  # seconds by the name of a `Part`, up to the first byte of a stream
        self.answering = False  # whether the first byte of a stream is there
        self.lookups: list[Lookup] = []
        self.counted: Counter[Fingerprint] = Counter()  # the statements that are no longer in `queries`

    def discard_queries(self) -> None:
        """Empty `queries`, which have been recorded; only their number by fingerprint stays."""
        self.counted.update(fingerprint for fingerprint, _, _ in self.queries)
        self.queries = []

    def repeated_queries(self, at_least: int) -> list[tuple[str, int]]:
        """Return (fingerprint, count) of each statement sent `at_least` times, most frequent first; empties `queries`.

        Statements about savepoints are left out.
        """
        self.discard_queries()
        by_text: Counter[str] = Counter()
        for fingerprint, count in self.counted.items():
            if not fingerprint.is_savepoint:
                by_text[fingerprint.text] += count
        return [(text, count) for text, count in by_text.most_common() if count >= at_least]


current_stats: ContextVar[RequestStats | None] = ContextVar("request_stats", default=None)
"""The figures of the request that this thread works on; None outside of requests."""


@contextmanager
def spent(part: Part) -> Iterator[None]:
    """Add the time of a block to a part of the current request's time; outside of requests nothing is added."""
    stats, started = current_stats.get(), time.perf_counter()
    try:
        yield
    finally:
        if stats is not None and not stats.answering:
            stats.parts[part.name] = stats.parts.get(part.name, 0.0) + time.perf_counter() - started
