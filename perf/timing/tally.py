"""What one request has done so far; statements outside of requests have none."""

from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar

from perf.timing.fingerprint import Shape

Query = tuple[Shape, float, int | None]  # seconds, and rows where they are known; -1 for one that failed
Lookup = tuple[str, str, float]  # namespace, hit or miss, seconds

QUERIES_LIMIT = 1000  # statements of a request that are kept before they are recorded


class Tally:
    """Statements, cache lookups and waits of a request; used by its one thread."""

    __slots__ = (
        "database_seconds",
        "lookups",
        "pool_seconds",
        "queries",
        "query_count",
        "repeated",
        "route",
    )

    def __init__(self, route: Callable[[], str]) -> None:
        self.route = route
        self.queries: list[Query] = []
        self.query_count = 0
        self.database_seconds = 0.0
        self.pool_seconds = 0.0
        self.lookups: list[Lookup] = []
        self.repeated: Counter[Shape] = Counter()

    def most_repeated(self, at_least: int) -> list[tuple[str, int]]:
        """Return the shapes that were sent at least so many times, with how many times, most first."""
        self.forget_counted()
        by_text: Counter[str] = Counter()
        for shape, count in self.repeated.items():
            if not shape.control:
                by_text[shape.text] += count
        return [(text, count) for text, count in by_text.most_common() if count >= at_least]

    def forget_counted(self) -> None:
        """Count the kept statements by shape and let them go."""
        self.repeated.update(shape for shape, _, _ in self.queries)
        self.queries = []


current: ContextVar[Tally | None] = ContextVar("tally", default=None)
