"""Objects that take long to compute, kept in this process for as long as what they were computed from is current."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from perf.caching.counts import counter
from perf.caching.generations import CacheKey
from perf.caching.namespace import NAMESPACES, are_current, get_many
from perf.caching.single_flight import SingleFlight
from perf.db.connections import release

Value = TypeVar("Value")


class Memo(Generic[Value]):
    """At most `size` objects, those used last, each with the versions of the cache keys that it depends on.

    The objects never leave the process, so they need not be written down; the cache says only which are current.
    """

    def __init__(self, namespace: str, *, size: int) -> None:
        """Count hits and misses as those of a namespace."""
        self._namespace = namespace
        self._size = size
        self._kept: OrderedDict[int, tuple[Mapping[CacheKey, str], Value]] = OrderedDict()
        self._lock = threading.Lock()
        self._flights = SingleFlight()

    def get(self, owner: int, keys: Sequence[CacheKey], load: Callable[[], Value]) -> Value:
        """Return the object of an owner; loads it if a key's owner was invalidated since. Raises what `load` raises.

        In a transaction, and while the cache is away or switched off, it is loaded each time.
        """
        with self._lock:
            kept = self._kept.get(owner)
        if kept is not None and kept[0].keys() == set(keys) and are_current(kept[0]):
            counter.add(self._namespace, "hits")
            with self._lock:
                if owner in self._kept:
                    self._kept.move_to_end(owner)
            return kept[1]
        counter.add(self._namespace, "misses")
        # Before the database is read: an object of rows that change meanwhile has a version that never counts.
        found = get_many(keys) if all(NAMESPACES[key.namespace].ttl for key in keys) else {}
        versions = {key: result.version for key, result in found.items() if result.version is not None}
        if len(versions) < len(keys):
            return load()
        flight = (owner, *sorted(versions.values()))
        return self._flights.run(flight, lambda: self._keep(owner, versions, load()), load, before_wait=release)  # type: ignore[no-any-return]

    def _keep(self, owner: int, versions: Mapping[CacheKey, str], value: Value) -> Value:
        with self._lock:
            self._kept[owner] = versions, value
            self._kept.move_to_end(owner)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return value
