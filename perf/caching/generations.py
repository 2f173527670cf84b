"""Where cached values are kept, and the generations that say which of them still count."""

import hashlib
import secrets
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.core.cache import cache

from perf.caching import entries
from perf.caching.redis import same_server

# Seconds after which a generation goes by itself: of owners who left, and of Redis servers that are no more.
GENERATION_LIFE = 7 * 86_400
ENTRIES = 100  # of an owner in a namespace, unless told otherwise

Value = Any  # numbers, strings, bytes, None, and lists and dicts of them: what MessagePack holds


class Place(NamedTuple):
    """Where one value is kept: the namespace's name, the owner, and the query."""

    namespace: str
    owner: str
    query: str


class Found(NamedTuple):
    """What was at a place: `hit` when `value` counts. `stamp` is what a new value must carry to count.

    That is None when the place was invalidated again while it was looked at: then nothing may be kept there. It ends
    with the owner's `generation`. `seconds` is the place's share of the time that looking took.
    """

    run_id: str
    stamp: str | None
    generation: str | None
    hit: bool
    value: Value
    seconds: float


def look_up(places: Sequence[Place]) -> list[Found]:
    """Read several places, in one round trip once their owners have a generation. Raises what the cache raises."""
    return same_server(lambda run_id: _look_up(run_id, places))


def keep(place: Place, found: Found, value: Value, ttl: int, limit: int = ENTRIES) -> None:
    """Keep a value that was loaded after `found` was looked up, and at most `limit` of its owner.

    Nothing is kept where the owner was forgotten meanwhile. Raises what the cache raises.
    """
    if found.generation is None:
        return
    keys = _owner_keys(found.run_id, place.namespace, place.owner)
    entry = _entry_key(found.run_id, place)
    entries.keep(keys, found.generation, entry, [found.stamp, value], ttl=ttl, limit=limit)


def forget_owner(namespace: str, owner: str) -> None:
    """Make everything of an owner count no longer. Raises what the cache raises."""
    same_server(lambda run_id: entries.forget(_owner_keys(run_id, namespace, owner)))


def erase_owner(namespace: str, owner: str) -> None:
    """Delete everything of an owner, so that no byte of it is left. Raises what the cache raises."""
    same_server(lambda run_id: entries.erase(_owner_keys(run_id, namespace, owner)))


def forget_namespace(namespace: str) -> None:
    """Make everything of a namespace count no longer. Raises what the cache raises."""
    same_server(lambda run_id: cache.delete(_era_key(run_id, namespace)))


def current_era(namespace: str) -> str | None:
    """Return the namespace's own generation, if it has one. Raises what the cache raises."""
    era: str | None = same_server(lambda run_id: cache.get(_era_key(run_id, namespace)))
    return era


def _look_up(run_id: str, places: Sequence[Place]) -> list[Found]:
    start = time.perf_counter()
    keys = [
        (_era_key(run_id, place.namespace), _generation_key(run_id, place.namespace, place.owner)) for place in places
    ]
    entry_keys = [_entry_key(run_id, place) for place in places]
    stored = cache.get_many([key for pair in keys for key in pair] + entry_keys)
    seconds = (time.perf_counter() - start) / len(places)
    found = []
    for (era_key, generation_key), entry_key in zip(keys, entry_keys, strict=True):
        era = stored.get(era_key) or _begin(era_key)
        generation = stored.get(generation_key) or _begin(generation_key)
        stamp = None if era is None or generation is None else era + generation
        entry = stored.get(entry_key)
        if entry is not None and stamp is not None and entry[0] == stamp:
            found.append(Found(run_id, stamp, generation, hit=True, value=entry[1], seconds=seconds))
        else:
            found.append(Found(run_id, stamp, generation, hit=False, value=None, seconds=seconds))
    return found


def _begin(key: str) -> str | None:
    """Make a generation where there is none; of several that find it missing one adds, the others take that one's."""
    fresh = secrets.token_hex(8)
    if cache.add(key, fresh, timeout=GENERATION_LIFE):
        return fresh
    taken: str | None = cache.get(key)
    return taken


def _era_key(run_id: str, namespace: str) -> str:
    return f"{run_id}:{namespace}"


def _generation_key(run_id: str, namespace: str, owner: str) -> str:
    return f"{run_id}:{namespace}:{owner}"


def _owner_keys(run_id: str, namespace: str, owner: str) -> entries.Keys:
    generation = _generation_key(run_id, namespace, owner)
    return entries.Keys(generation, f"{generation}:entries")


def _entry_key(run_id: str, place: Place) -> str:
    digest = hashlib.blake2b(place.query.encode(), digest_size=16).hexdigest()  # keys of any length would not do
    return f"{run_id}:{place.namespace}:{place.owner}:{digest}"
