"""Keeping entries so that an owner has a bounded number of them, and that all can be erased.

What is kept of an owner stands in an index, the oldest first, that is touched when something is kept and never when
something is read. An entry is kept only while the generation that it was loaded under is the current one, checked in
the same step: what was loaded before an owner was erased is not kept after.
"""

import threading
import time
from collections import OrderedDict
from functools import cache as once
from typing import Any, NamedTuple

from django.conf import settings
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django_redis import get_redis_connection

OWNERS_IN_MEMORY = 20_000  # whose entries this process keeps, where there is no Redis

# KEYS: generation, entry, index. ARGV: current generation, value, milliseconds to keep it, now, entries of an owner.
_KEEP = """
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
    """The cache in the memory of a process; it takes any key, without comparing each with what memcached allows."""

    def validate_key(self, key: str) -> None:
        """Take any key."""


class Keys(NamedTuple):
    """The keys of an owner's generation in a namespace, and of the index of what is kept."""

    generation: str
    kept: str


def keep(keys: Keys, generation: str, entry: str, value: Any, *, ttl: int, limit: int) -> None:
    """Keep a value for `ttl` seconds if `generation` is current, at most `limit` of an owner.

    Raises what the cache raises.
    """
    if not settings.REDIS_URL:
        _keep_in_memory(keys, generation, entry, value, ttl=ttl, limit=limit)
        return
    encode, name = cache.client.encode, cache.make_key  # type: ignore[attr-defined]  # django-redis has it
    arguments = [encode(generation), encode(value), ttl * 1000, time.time(), limit]
    names = [name(key) for key in (keys.generation, entry, keys.kept)]
    client = get_redis_connection()
    _script()(keys=names, args=arguments, client=client)


def forget(keys: Keys) -> None:
    """Make everything of an owner count no longer; in memory that also frees it. Raises what the cache raises."""
    if settings.REDIS_URL:
        cache.delete(keys.generation)  # alone, since a Redis that is full or knows no scripts still does it
    else:
        erase(keys)


def erase(keys: Keys) -> None:
    """Delete everything of an owner. Raises what the cache raises."""
    if settings.REDIS_URL:
        cache.delete(keys.generation)  # first: from here on nothing is added
        client, index = get_redis_connection(), cache.make_key(keys.kept)
        client.delete(index, *client.zrange(index, 0, -1))
        return
    with _lock:
        cache.delete(keys.generation)
        cache.delete_many(_indexes.pop(keys.kept, ()))


@once
def _script() -> Any:
    """Return the script that keeps; it is sent once to each server, and called by its digest."""
    return get_redis_connection().register_script(_KEEP)


_lock = threading.Lock()
_indexes: OrderedDict[str, OrderedDict[str, None]] = OrderedDict()


def _keep_in_memory(keys: Keys, generation: str, entry: str, value: Any, *, ttl: int, limit: int) -> None:
    with _lock:
        if cache.get(keys.generation) != generation:
            return
        kept = _indexes.setdefault(keys.kept, OrderedDict())
        kept[entry] = None
        kept.move_to_end(entry)
        _indexes.move_to_end(keys.kept)
        cache.set(entry, value, timeout=ttl)
        if len(kept) > limit:
            cache.delete(kept.popitem(last=False)[0])
        while len(_indexes) > OWNERS_IN_MEMORY:
            cache.delete_many(_indexes.popitem(last=False)[1])
