"""Cache keys, and the generations that say which cached entries still count."""

import hashlib
import secrets
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.core.cache import cache

from perf.caching import entries
from perf.caching.redis import same_server

# Seconds after which unused generations expire: those of former users, and of Redis servers that were replaced.
GENERATION_TTL = 7 * 86_400
MAX_ENTRIES = 100  # of an owner in a namespace, by default

Value = Any  # what MessagePack holds: numbers, strings, bytes, None, and lists and dicts of them


class CacheKey(NamedTuple):
    """Identifies one cached value: the namespace's name, the owner, and the query."""

    namespace: str
    owner: str
    query: str


class LookupResult(NamedTuple):
    """The result of one lookup; `value` counts when `hit` is true. `seconds` is its share of the round trip.

    `generation` is the owner's. `version` combines it with the namespace's; a new entry must carry it. Both are None if
    the key was invalidated during the lookup: then nothing may be stored.
    """

    run_id: str
    version: str | None
    generation: str | None
    hit: bool
    value: Value
    seconds: float


def read_entries(keys: Sequence[CacheKey]) -> list[LookupResult]:
    """Read several keys, in one round trip once their owners have a generation. Raises what the cache raises."""
    return same_server(lambda run_id: _read_entries(run_id, keys))


def read_versions(keys: Sequence[CacheKey]) -> list[str | None]:
    """Read the versions of several keys, in one round trip; None where there is none. Raises what the cache raises."""
    return same_server(lambda run_id: _read_versions(run_id, keys))


def store_entry(key: CacheKey, found: LookupResult, value: Value, ttl: int, limit: int = MAX_ENTRIES) -> None:
    """Store a value that was loaded after the lookup `found`, and at most `limit` entries of its owner.

    Stores nothing if the owner was invalidated since. `ttl` is in seconds. Raises what the cache raises.
    """
    if found.generation is not None:
        owner_key, entry_key = _owner_key(found.run_id, *key[:2]), _entry_key(found.run_id, key)
        entries.store(owner_key, found.generation, entry_key, [found.version, value], ttl=ttl, limit=limit)


def invalidate_owner(namespace: str, owner: str) -> None:
    """Invalidate all entries of an owner. Raises what the cache raises."""
    same_server(lambda run_id: entries.invalidate(_owner_key(run_id, namespace, owner)))


def erase_owner(namespace: str, owner: str) -> None:
    """Delete the bytes of all entries of an owner. Raises what the cache raises."""
    same_server(lambda run_id: entries.erase(_owner_key(run_id, namespace, owner)))


def invalidate_namespace(namespace: str) -> None:
    """Invalidate all entries of a namespace. Raises what the cache raises."""
    same_server(lambda run_id: cache.delete(_namespace_key(run_id, namespace)))


def namespace_generation(namespace: str) -> str | None:
    """Return the namespace's own generation; None if it has none. Raises what the cache raises."""
    generation: str | None = same_server(lambda run_id: cache.get(_namespace_key(run_id, namespace)))
    return generation


def _read_entries(run_id: str, keys: Sequence[CacheKey]) -> list[LookupResult]:
    start = time.perf_counter()
    names = [
        (_namespace_key(run_id, key.namespace), _owner_key(run_id, key.namespace, key.owner), _entry_key(run_id, key))
        for key in keys
    ]
    stored = cache.get_many([name for triple in names for name in triple])
    seconds = (time.perf_counter() - start) / len(keys)
    found = []
    for namespace_key, owner_key, entry_key in names:
        common = stored.get(namespace_key) or _begin_generation(namespace_key)
        generation = stored.get(owner_key) or _begin_generation(owner_key)
        version = None if common is None or generation is None else common + generation
        entry = stored.get(entry_key)
        if entry is not None and version is not None and entry[0] == version:
            found.append(LookupResult(run_id, version, generation, hit=True, value=entry[1], seconds=seconds))
        else:
            found.append(LookupResult(run_id, version, generation, hit=False, value=None, seconds=seconds))
    return found


def _read_versions(run_id: str, keys: Sequence[CacheKey]) -> list[str | None]:
    names = [(_namespace_key(run_id, key.namespace), _owner_key(run_id, key.namespace, key.owner)) for key in keys]
    stored = cache.get_many([name for pair in names for name in pair])
    pairs = [(stored.get(common), stored.get(own)) for common, own in names]
    return [None if common is None or own is None else common + own for common, own in pairs]


def _begin_generation(key: str) -> str | None:
    """Add a random generation, unless another process was faster; return the one that counts."""
    fresh = secrets.token_hex(8)
    if cache.add(key, fresh, timeout=GENERATION_TTL):
        return fresh
    added: str | None = cache.get(key)
    return added


def _namespace_key(run_id: str, namespace: str) -> str:
    return f"{run_id}:{namespace}"


def _owner_key(run_id: str, namespace: str, owner: str) -> str:
    return f"{run_id}:{namespace}:{owner}"


def _entry_key(run_id: str, key: CacheKey) -> str:
    digest = hashlib.blake2b(key.query.encode(), digest_size=16).hexdigest()  # bounds the length of the key
    return f"{run_id}:{key.namespace}:{key.owner}:{digest}"
