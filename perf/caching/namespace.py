"""Namespaces of cached values; a committed change of an owner's rows invalidates the owner's values at once.

Every owner has a generation in each namespace: random bits, made when missing. A reader looks it up before it reads the
database. An entry carries the generation that it was loaded under, and counts only while that generation is current. So
a reader that loaded old rows stores an entry that never counts. An invalidation deletes the generation.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType

from django.db import transaction

from perf.caching import generations, undelivered
from perf.caching.counts import counter
from perf.caching.epoch import advance_epoch, follow_epoch
from perf.caching.generations import CacheKey, LookupResult, Value
from perf.caching.outage import outage
from perf.caching.single_flight import SingleFlight
from perf.db.connections import release
from perf.timing import recorder

logger = logging.getLogger("perf.cache")

NAMESPACES: dict[str, "Namespace"] = {}
SHARED_OWNER = "-"  # the owner of values that are the same for all users
WILDCARD = "*"  # in place of a namespace or an owner: all of them
SCANNED_CALLBACKS = 50  # of a transaction, so that one with very many changes stays fast

_looked_up: ContextVar[Mapping[CacheKey, LookupResult]] = ContextVar("looked_up", default=MappingProxyType({}))


class Namespace:
    """One kind of cached value, kept `ttl` seconds for an owner (a user id or `SHARED_OWNER`); 0 caches nothing.

    An owner has at most `max_entries` values, the newest. `about` says on the cache page what is kept.
    """

    def __init__(self, name: str, *, ttl: int, max_entries: int = generations.MAX_ENTRIES, about: str = "") -> None:
        self.name = name
        self.about = about
        self.ttl = ttl
        self.max_entries = max_entries
        self._flights = SingleFlight()
        NAMESPACES[name] = self

    def key(self, owner: object, query: str) -> CacheKey:
        """Return the cache key of `query` for `owner`."""
        return CacheKey(self.name, str(owner), query)

    def fetch(
        self, key: CacheKey, load: Callable[[], Value], prefetched: Mapping[CacheKey, LookupResult] | None = None
    ) -> tuple[Value, bool]:
        """Return the value of a key, and whether it was cached. Raises what `load` raises.

        `prefetched` is a result of `get_many`, used if it has the key; by default that of `looked_up`. Of the threads
        of this process that miss at the same time, one loads. The cache is bypassed inside a transaction, and while it
        fails.
        """
        found = None
        if self.ttl and not outage.is_undelivered((self.name, key.owner)):
            found = (_looked_up.get() if prefetched is None else prefetched).get(key) or get_many([key]).get(key)
        hit = found is not None and found.hit
        counter.add(self.name, "hits" if hit else "misses")
        recorder.cache_lookup(self.name, hit, found.seconds if found else 0.0)
        if found is not None and found.hit:
            return found.value, True
        if found is None or found.version is None:
            return load(), False
        flight = (key, found.version)
        return self._flights.run(flight, lambda: self._fill(key, found, load), load, before_wait=release), False

    def invalidate(self, *owners: object) -> None:
        """Invalidate all values of these owners when the current transaction commits; outside one, now. Never raises.

        `WILDCARD` stands for all owners.
        """
        for owner in owners:
            _Invalidation(self.name, str(owner)).schedule()

    def clear(self) -> None:
        """Invalidate all values; other keys in the same Redis stay. Raises what the cache raises."""
        generations.invalidate_namespace(self.name)
        advance_epoch()
        counter.add(self.name, "invalidations")

    def _fill(self, key: CacheKey, found: LookupResult, load: Callable[[], Value]) -> Value:
        # Another thread may have filled it between our lookup and our flight.
        again = get_many([key]).get(key)
        if again is not None and again.hit:
            return again.value
        value = load()
        try:
            generations.store_entry(key, found, value, self.ttl, self.max_entries)
            counter.add(self.name, "sets")
        except Exception as error:
            outage.failed(error)
        return value


@dataclass(frozen=True, slots=True)
class _Invalidation:
    """A callback for the commit of a change; equal for all changes of an owner's rows."""

    namespace: str
    owner: str

    def schedule(self) -> None:
        """Run when the current transaction commits, once; outside of a transaction, run now."""
        connection = transaction.get_connection()
        open_savepoints = set(connection.savepoint_ids)
        # A callback of an inner savepoint does not count: a rollback to that savepoint would drop it.
        newest = connection.run_on_commit[-SCANNED_CALLBACKS:]
        if not any(callback == self and within <= open_savepoints for within, callback, _ in newest):
            transaction.on_commit(self)

    def __call__(self) -> None:
        # An exception would turn a committed change into an error, and skip the callbacks that follow.
        try:
            try:
                deliver(self.namespace, self.owner)
            except Exception as error:
                outage.failed(error)
                _deliver_later(self.namespace, self.owner)
            advance_epoch()
            if self.namespace != WILDCARD:
                counter.add(self.namespace, "invalidations")
        except Exception:
            logger.exception("an invalidation cannot be delivered")


def erase(owner: object) -> None:
    """Delete every cached byte of `owner` when the current transaction commits; outside one, now. Never raises."""
    transaction.on_commit(_Invalidation(WILDCARD, str(owner)))


def deliver(namespace: str, owner: str) -> None:
    """Invalidate an owner in a namespace, or all its owners if `owner` is `WILDCARD`.

    If only `namespace` is `WILDCARD`, erase the owner; if both are, clear all namespaces. Raises what the cache raises.
    """
    if owner == WILDCARD:
        clear_caches(None if namespace == WILDCARD else namespace)
    elif namespace != WILDCARD:
        generations.invalidate_owner(namespace, owner)
    else:
        for name in NAMESPACES:
            generations.erase_owner(name, owner)


def _deliver_later(namespace: str, owner: str) -> None:
    """Retry in the background, and leave it to other workers too, which may reach what this one cannot."""
    posted = undelivered.post(namespace, owner)

    def retry() -> None:
        nonlocal posted
        try:
            deliver(namespace, owner)
        except Exception:
            posted = posted or undelivered.post(namespace, owner, release=True)
            raise

    outage.deliver_later((namespace, owner), retry)


def are_current(versions: Mapping[CacheKey, str]) -> bool:
    """Tell whether these are the current versions of their keys, as far as the cache can be asked. Never raises."""
    if outage.active or any(outage.is_undelivered((key.namespace, key.owner)) for key in versions):
        return False
    try:
        follow_epoch()
        return generations.read_versions(list(versions)) == list(versions.values())
    except Exception as error:
        outage.failed(error)
        return False


def get_many(keys: Sequence[CacheKey]) -> dict[CacheKey, LookupResult]:
    """Look up several keys of any namespaces at once; returns {} inside a transaction and while the cache fails."""
    if transaction.get_connection().in_atomic_block or outage.active:
        return {}
    try:
        follow_epoch()
        return dict(zip(keys, generations.read_entries(keys), strict=True))
    except Exception as error:  # whatever a cache backend raises, the request goes on
        outage.failed(error)
        return {}


@contextmanager
def looked_up(keys: Sequence[CacheKey]) -> Iterator[None]:
    """Look up several keys in one round trip, for a block that fetches them at once; inside no transaction."""
    token = _looked_up.set(get_many(keys))
    try:
        yield
    finally:
        _looked_up.reset(token)


def clear_caches(name: str | None = None) -> list[str]:
    """Clear one namespace, or all if `name` is None; returns their names. Raises what the cache raises."""
    names = sorted(NAMESPACES) if name is None else [name]
    for each in names:
        NAMESPACES[each].clear()
    return names


def start_cold() -> None:
    """Clear all namespaces when a worker starts: a killed worker may have left invalidations undelivered."""
    try:
        clear_caches()
    except Exception as error:
        outage.failed(error)
        _deliver_later(WILDCARD, WILDCARD)
