"""The statistics of the current request: its statements, cache lookups and waits for a connection."""

from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar

from perf.timing.fingerprint import Fingerprint

Query = tuple[Fingerprint, float, int | None]  # seconds, and rows: None when unknown, -1 when the statement failed
Lookup = tuple[str, str, float]  # cache namespace, "hit" or "miss", seconds

MAX_QUERIES = 1000  # statements that a request keeps in memory before they are recorded


class RequestStats:
    """The figures of one request, used by its thread alone; `route` returns the URL pattern of the request."""

    __slots__ = ("counted", "database_seconds", "lookups", "pool_seconds", "queries", "query_count", "route")

    def __init__(self, route: Callable[[], str]) -> None:
        self.route = route
        self.queries: list[Query] = []
        self.query_count = 0
        self.database_seconds = 0.0
        self.pool_seconds = 0.0
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
