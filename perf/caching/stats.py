"""How well the caches do, for staff and operators."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from perf.caching import generations as places
from perf.caching.counts import Counts, counter
from perf.caching.namespace import NAMESPACES


@dataclass(frozen=True, slots=True)
class NamespaceStats:
    """A namespace, what happened to it in all workers, and its generation; `ttl` in seconds."""

    name: str
    ttl: int
    counts: Counts
    generation: str | None

    def row(self) -> dict[str, Any]:
        """Return the figures as the API shows them."""
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
    """Name where cached values are kept."""
    return "redis" if settings.REDIS_URL else "locmem"


def all_stats() -> list[NamespaceStats]:
    """Return the figures of every namespace by name. Raises what the cache raises."""
    return [
        NamespaceStats(name, NAMESPACES[name].ttl, counter.totals(name), places.current_era(name))
        for name in sorted(NAMESPACES)
    ]
