"""Namespaced caching: whatever an owner's change makes wrong is forgotten the moment the change commits.

Every owner has a generation in each namespace, random bits made when missing. It is read before the database; an
entry carries the generation it was loaded under and counts only while that is the current one, so a reader that
loaded old rows stores them where nobody looks. Invalidating deletes the generation.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from perf.caching import generations as places
from perf.caching import undelivered
from perf.caching.counts import counter
from perf.caching.epoch import advance_epoch, follow_epoch
from perf.caching.generations import Found, Place, Value
from perf.caching.outage import outage
from perf.caching.single_flight import SingleFlight
from perf.db.connections import release
from perf.timing import recorder

logger = logging.getLogger("perf.cache")

NAMESPACES: dict[str, "Namespace"] = {}
EVERYBODY = "-"
EVERYTHING = "*"  # instead of the name of a namespace, or of an owner
NEWEST = 50


class Namespace:
    """One kind of cached value, kept `ttl` seconds for an owner (a user id, or `EVERYBODY`); 0 keeps nothing.

    Of an owner at most `entries` values are kept, the newest, however many queries he invents.
    """

    def __init__(self, name: str, *, ttl: int, entries: int = places.ENTRIES) -> None:
        self.name = name
        self.ttl = ttl
        self.entries = entries
        self._flights = SingleFlight()
        NAMESPACES[name] = self

    def place(self, owner: object, query: str) -> Place:
        """Return where the value of `query` for `owner` is kept, to look up with others by `look_up`."""
        return Place(self.name, str(owner), query)

    def fetch(
        self, place: Place, load: Callable[[], Value], ahead: Mapping[Place, Found] | None = None
    ) -> tuple[Value, bool]:
        """Return the value of a place, and whether it was cached; `ahead` is what `look_up` found already.

        Of many that miss at once in this process one loads. Inside a transaction the cache is neither read nor filled.
        A cache that fails is done without.
        """
        found = None
        if self.ttl and not outage.owes((self.name, place.owner)):
            found = (ahead or {}).get(place) or look_up([place]).get(place)
        hit = found is not None and found.hit
        counter.add(self.name, "hits" if hit else "misses")
        recorder.cache_lookup(self.name, hit, found.seconds if found else 0.0)
        if found is not None and found.hit:
            return found.value, True
        if found is None or found.stamp is None:
            return load(), False
        key = (place, found.stamp)
        return self._flights.run(key, lambda: self._fill(place, found, load), load, waiting=release), False

    def invalidate(self, owner: object) -> None:
        """Forget all of `owner` once the current transaction commits; outside one, now. Never raises.

        `EVERYTHING` forgets everybody.
        """
        forget = _Forget(self.name, str(owner))
        if not forget.is_coming():
            transaction.on_commit(forget)

    def invalidate_all(self, owners: Iterable[object]) -> None:
        """Forget each of these owners."""
        for owner in owners:
            self.invalidate(owner)

    def clear(self) -> None:
        """Forget everything of every owner; keys of others in the same Redis stay. Raises what the cache raises."""
        places.forget_namespace(self.name)
        advance_epoch()
        counter.add(self.name, "invalidations")

    def _fill(self, place: Place, found: Found, load: Callable[[], Value]) -> Value:
        # Somebody may have filled it after we looked and before we took the lead.
        again = look_up([place]).get(place)
        if again is not None and again.hit:
            return again.value
        value = load()
        try:
            places.keep(place, found, value, self.ttl, self.entries)
            counter.add(self.name, "sets")
        except Exception as error:
            outage.failed(error)
        return value


@dataclass(frozen=True, slots=True)
class _Forget:
    """What is done when a change commits; the same for all changes of an owner's rows.

    A namespace of `EVERYTHING` erases the owner.
    """

    namespace: str
    owner: str

    def __call__(self) -> None:
        # What has been committed must not end in an error, and what else is to be forgotten must be.
        try:
            self._forget()
        except Exception:
            logger.exception("not everybody can be told of a change")

    def _forget(self) -> None:
        try:
            deliver(self.namespace, self.owner)
        except Exception as error:
            outage.failed(error)
            _deliver_later(self.namespace, self.owner)
        advance_epoch()
        if self.namespace != EVERYTHING:
            counter.add(self.namespace, "invalidations")

    def is_coming(self) -> bool:
        """Tell whether the current transaction does it anyway, whatever savepoint it is rolled back to.

        Of a transaction that changes the rows of very many owners only the newest are looked at: twice does no harm.
        """
        connection = transaction.get_connection()
        open_savepoints = set(connection.savepoint_ids)
        newest = connection.run_on_commit[-NEWEST:]
        return any(act == self and within <= open_savepoints for within, act, _ in newest)


def erase(owner: object) -> None:
    """Delete every cached byte of `owner` once the current transaction commits; outside one, now. Never raises."""
    transaction.on_commit(_Forget(EVERYTHING, str(owner)))


def deliver(namespace: str, owner: str) -> None:
    """Forget an owner in a namespace, or everybody there when the owner is `EVERYTHING`.

    When the namespace is, erase the owner; when both are, clear all. Raises what the cache raises.
    """
    if owner == EVERYTHING:
        clear_caches(None if namespace == EVERYTHING else namespace)
    elif namespace != EVERYTHING:
        places.forget_owner(namespace, owner)
    else:
        for name in NAMESPACES:
            places.erase_owner(name, owner)


def _deliver_later(namespace: str, owner: str) -> None:
    """Go on trying, and have other workers try, who may reach what this one cannot."""
    posted = undelivered.post(namespace, owner)

    def again() -> None:
        nonlocal posted
        try:
            deliver(namespace, owner)
        except Exception:
            posted = posted or undelivered.post(namespace, owner, release=True)
            raise

    outage.deliver_later((namespace, owner), again)


def look_up(wanted: Sequence[Place]) -> dict[Place, Found]:
    """Read several places of any namespaces at once; nothing inside a transaction, or from a cache that fails."""
    if transaction.get_connection().in_atomic_block or outage.lasting:
        return {}
    try:
        follow_epoch()
        return dict(zip(wanted, places.look_up(wanted), strict=True))
    except Exception as error:  # whatever a cache backend raises, the request goes on
        outage.failed(error)
        return {}


def clear_caches(name: str | None = None) -> list[str]:
    """Clear a namespace, all when None, and return the names of what was cleared. Raises what the cache raises."""
    names = sorted(NAMESPACES) if name is None else [name]
    for each in names:
        NAMESPACES[each].clear()
    return names


def start_cold() -> None:
    """Clear every namespace, as a worker does when it starts: it cannot know what a killed one left undelivered."""
    try:
        clear_caches()
    except Exception as error:
        outage.failed(error)
        _deliver_later(EVERYTHING, EVERYTHING)
