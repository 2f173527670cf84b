"""Namespaced caching: whatever an owner's change makes wrong is forgotten the moment the change commits.

Every owner has a generation in each namespace, random bits made when missing. It is read before the database; an
entry carries the generation it was loaded under and counts only while that is the current one, so a reader that
loaded old rows stores them where nobody looks. Invalidating deletes the generation.
"""

import logging
import secrets
from collections.abc import Callable
from typing import Any

from django.core.cache import cache
from django.db import transaction

logger = logging.getLogger("perf.cache")

NAMESPACES: dict[str, "Namespace"] = {}


class Namespace:
    """One kind of cached value, kept `ttl` seconds for an owner (a user id, or `-` for everybody)."""

    def __init__(self, name: str, *, ttl: int) -> None:
        self.name = name
        self.ttl = ttl
        NAMESPACES[name] = self

    def get_or_load(self, owner: object, query: str, load: Callable[[], Any]) -> Any:
        """Return the cached value of `query` for `owner`, or `load()` it: numbers, strings, lists and dicts of them.

        Inside a transaction the cache is neither read nor filled. A cache that fails is done without.
        """
        if transaction.get_connection().in_atomic_block:
            return load()
        try:
            generation, entry = self._lookup(owner, query)
        except Exception:  # whatever a cache backend raises, the request goes on
            logger.exception("cache read failed", extra={"namespace": self.name})
            return load()
        if entry is not None and entry[0] == generation:
            return entry[1]
        value = load()
        self._store(owner, query, generation, value)
        return value

    def invalidate(self, owner: object) -> None:
        """Forget all of `owner` once the current transaction commits; outside one, now."""
        transaction.on_commit(lambda: self._forget(owner), robust=True)

    def _generation_key(self, owner: object) -> str:
        return f"{self.name}:{owner}"

    def _entry_key(self, owner: object, query: str) -> str:
        return f"{self.name}:{owner}:{query}"

    def _lookup(self, owner: object, query: str) -> tuple[str, Any]:
        generation_key, entry_key = self._generation_key(owner), self._entry_key(owner, query)
        found = cache.get_many([generation_key, entry_key])
        generation = found.get(generation_key)
        if generation is None:
            fresh = secrets.token_hex(8)
            # Of several that find it missing one adds; the others must take that one's.
            generation = fresh if cache.add(generation_key, fresh, timeout=None) else cache.get(generation_key)
        return generation, found.get(entry_key)

    def _store(self, owner: object, query: str, generation: str, value: Any) -> None:
        try:
            cache.set(self._entry_key(owner, query), [generation, value], timeout=self.ttl)
        except Exception:
            logger.exception("cache write failed", extra={"namespace": self.name})

    def _forget(self, owner: object) -> None:
        cache.delete(self._generation_key(owner))
