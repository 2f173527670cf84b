"""Cache statistics for staff and operators."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from perf.caching.counts import Counts, counter
from perf.caching.generations import namespace_generation
from perf.caching.namespace import NAMESPACES


@dataclass(frozen=True, slots=True)
class NamespaceStats:
    """A namespace's lifetime in seconds, its counts over all workers, and its generation."""

    name: str
    ttl: int
    counts: Counts
    generation: str | None

    def row(self) -> dict[str, Any]:
        """Return the statistics as the API shows them."""
        return {
            "name": self.name,
            "hits": self.counts.hits,
            "misses": self.counts.misses,
            "hit_rate": self.counts.hit_rate,
            "sets": self.counts.sets,
            "invalidations": self.counts.invalidations,
            "ttl": self.ttl,
        }


def backend() -> str:
    """Return the name of the cache backend."""
    return "redis" if settings.REDIS_URL else "locmem"


def all_stats() -> list[NamespaceStats]:
    """Return the statistics of all namespaces, sorted by name. Raises what the cache raises."""
    return [
        NamespaceStats(name, NAMESPACES[name].ttl, counter.totals(name), namespace_generation(name))
        for name in sorted(NAMESPACES)
    ]
