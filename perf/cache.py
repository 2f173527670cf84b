"""Namespaced caching: whatever an owner's change makes wrong is forgotten the moment the change commits.

Every owner has a generation in each namespace, random bits made when missing. It is read before the database; an
entry carries the generation it was loaded under and counts only while that is the current one, so a reader that
loaded old rows stores them where nobody looks. Invalidating deletes the generation.
"""

import hashlib
import secrets
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import transaction

from perf.db import release
from perf.epoch import advance_epoch, follow_epoch
from perf.flight import SingleFlight
from perf.outage import outage

NAMESPACES: dict[str, "Namespace"] = {}
EVERYBODY = "-"

Value = Any  # numbers, strings, bytes, None, and lists and dicts of them: what MessagePack holds


@dataclass(slots=True)
class Counts:
    """What happened to a namespace in this process; each lookup is a hit or a miss."""

    hits: int = 0
    misses: int = 0
    sets: int = 0
    invalidations: int = 0


class Namespace:
    """One kind of cached value, kept `ttl` seconds for an owner (a user id, or `EVERYBODY`)."""

    def __init__(self, name: str, *, ttl: int) -> None:
        self.name = name
        self.ttl = ttl
        self.counts = Counts()
        # Part of every key in a memory that nobody else sees, where keys cannot be found by pattern.
        self._era = ""
        self._counting = threading.Lock()
        self._flights = SingleFlight()
        NAMESPACES[name] = self

    def get_or_load(self, owner: object, query: str, load: Callable[[], Value]) -> Value:
        """Return the cached value of `query` for `owner`, or `load()` it."""
        return self.fetch(owner, query, load)[0]

    def fetch(self, owner: object, query: str, load: Callable[[], Value]) -> tuple[Value, bool]:
        """Return the value of `query` for `owner`, and whether it was cached.

        Of many that miss at once in this process one loads. Inside a transaction the cache is neither read nor filled.
        A cache that fails is done without.
        """
        if transaction.get_connection().in_atomic_block or outage.lasting or outage.owes((self.name, owner)):
            self._count("misses")
            return load(), False
        try:
            follow_epoch()
            generation, entry = self._lookup(owner, query)
        except Exception as error:  # whatever a cache backend raises, the request goes on
            outage.failed(error)
            self._count("misses")
            return load(), False
        if generation is None:  # invalidated again while it was being made: nothing may be stored under it
            self._count("misses")
            return load(), False
        if entry is not None and entry[0] == generation:
            self._count("hits")
            return entry[1], True
        self._count("misses")
        return self._flights.run(
            (owner, query, generation), lambda: self._fill(owner, query, generation, load), load, waiting=release
        ), False

    def invalidate(self, owner: object) -> None:
        """Forget all of `owner` once the current transaction commits; outside one, now. Never raises."""
        transaction.on_commit(lambda: self._forget(owner), robust=True)

    def invalidate_all(self, owners: Iterable[object]) -> None:
        """Forget each of these owners."""
        for owner in owners:
            self.invalidate(owner)

    def clear(self) -> None:
        """Forget everything of every owner; keys of others in the same Redis stay. Raises what the cache raises."""
        if settings.REDIS_URL:
            cache.delete_pattern(f"{self.name}:*")  # type: ignore[attr-defined]  # django-redis has it
        else:
            self._era = f"-{secrets.token_hex(4)}"
        advance_epoch()
        self._count("invalidations")

    def _fill(self, owner: object, query: str, generation: str, load: Callable[[], Value]) -> Value:
        value = load()
        try:
            cache.set(self._entry_key(owner, query), [generation, value], timeout=self.ttl)
            self._count("sets")
        except Exception as error:
            outage.failed(error)
        return value

    def _lookup(self, owner: object, query: str) -> tuple[str | None, Any]:
        generation_key, entry_key = self._generation_key(owner), self._entry_key(owner, query)
        found = cache.get_many([generation_key, entry_key])
        generation = found.get(generation_key)
        if generation is None:
            fresh = secrets.token_hex(8)
            # Of several that find it missing one adds; the others must take that one's.
            generation = fresh if cache.add(generation_key, fresh, timeout=None) else cache.get(generation_key)
        return generation, found.get(entry_key)

    def _entry_key(self, owner: object, query: str) -> str:
        digest = hashlib.blake2b(query.encode(), digest_size=16).hexdigest()  # keys of any length would not do
        return f"{self._generation_key(owner)}:{digest}"

    def _generation_key(self, owner: object) -> str:
        return f"{self.name}{self._era}:{owner}"

    def _forget(self, owner: object) -> None:
        key = self._generation_key(owner)
        try:
            cache.delete(key)
        except Exception as error:
            outage.failed(error)
            outage.deliver_later((self.name, owner), lambda: cache.delete(key))
        advance_epoch()
        self._count("invalidations")

    def _count(self, what: str) -> None:
        with self._counting:
            setattr(self.counts, what, getattr(self.counts, what) + 1)


def start_cold() -> None:
    """Clear every namespace, as a worker does when it starts: it cannot know what a killed one left undelivered."""
    try:
        for namespace in NAMESPACES.values():
            namespace.clear()
    except Exception as error:
        outage.failed(error)
