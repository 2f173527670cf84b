"""Stores cached entries so that each owner has a bounded number of them and all of them can be erased.

An index lists the entries of an owner, the oldest first. Writes update it, reads do not. An entry is stored only while
the generation that it was loaded under is current, and both happen in one step: nothing is stored after an erasure.
"""

import threading
import time
from collections import OrderedDict
from functools import cache as once
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django_redis import get_redis_connection

OWNERS_IN_MEMORY = 20_000  # owners whose entries this process keeps when there is no Redis

# KEYS: generation, entry, index. ARGV: current generation, value, lifetime in ms, now, limit of entries.
_STORE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
    return 0
end
redis.call('ZADD', KEYS[3], ARGV[4], KEYS[2])
redis.call('PEXPIRE', KEYS[3], ARGV[3])
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
local excess = redis.call('ZCARD', KEYS[3]) - tonumber(ARGV[5])
if excess > 0 then
    for _, oldest in ipairs(redis.call('ZRANGE', KEYS[3], 0, excess - 1)) do
        redis.call('ZREM', KEYS[3], oldest)
        redis.call('DEL', oldest)
    end
end
return 1
"""


class MemoryCache(LocMemCache):
    """Django's cache in memory, which need not check keys against memcached's rules."""

    def validate_key(self, key: str) -> None:
        """Accept any key."""


def store(owner_key: str, generation: str, entry_key: str, value: Any, *, ttl: int, limit: int) -> None:
    """Store a value for `ttl` seconds if the owner's `generation` is current; keep the newest `limit` entries.

    `owner_key` is the key of the owner's generation. Raises what the cache raises.
    """
    if not settings.REDIS_URL:
        _store_in_memory(owner_key, generation, entry_key, value, ttl=ttl, limit=limit)
        return
    encode = cache.client.encode  # type: ignore[attr-defined]  # django-redis has it
    keys = [cache.make_key(key) for key in (owner_key, entry_key, _index_key(owner_key))]
    _script()(
        keys=keys,
        args=[encode(generation), encode(value), ttl * 1000, time.time(), limit],
        client=get_redis_connection(),
    )


def invalidate(owner_key: str) -> None:
    """Invalidate all entries of an owner; in memory this also frees them. Raises what the cache raises."""
    if settings.REDIS_URL:
        cache.delete(owner_key)  # nothing else: even a Redis that is full or refuses scripts can do it
    else:
        erase(owner_key)


def erase(owner_key: str) -> None:
    """Delete all entries of an owner. Raises what the cache raises."""
    if settings.REDIS_URL:
        cache.delete(owner_key)  # first: from here on nothing is added
        client, index = get_redis_connection(), cache.make_key(_index_key(owner_key))
        client.delete(index, *client.zrange(index, 0, -1))
        return
    with _lock:
        cache.delete(owner_key)
        cache.delete_many(_indexes.pop(_index_key(owner_key), ()))


@once
def _script() -> Any:
    """Return the script as redis-py registers it: sent once to each server, then called by its digest."""
    return get_redis_connection().register_script(_STORE)


_lock = threading.Lock()
_indexes: OrderedDict[str, OrderedDict[str, None]] = OrderedDict()


def _index_key(owner_key: str) -> str:
    return f"{owner_key}:entries"


def _store_in_memory(owner_key: str, generation: str, entry_key: str, value: Any, *, ttl: int, limit: int) -> None:
    with _lock:
        if cache.get(owner_key) != generation:
            return
        index_key = _index_key(owner_key)
        index = _indexes.setdefault(index_key, OrderedDict())
        index[entry_key] = None
        index.move_to_end(entry_key)
        _indexes.move_to_end(index_key)
        cache.set(entry_key, value, timeout=ttl)
        if len(index) > limit:
            cache.delete(index.popitem(last=False)[0])
        while len(_indexes) > OWNERS_IN_MEMORY:
            cache.delete_many(_indexes.popitem(last=False)[1])
