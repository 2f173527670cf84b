"""Everything that is stored, as text, to look for what must not be in it."""

import pickle
import zlib
from pathlib import Path

from django.conf import settings as configured
from django.core.cache import cache
from django.db import connection

SUFFIXES = ("", "-wal", "-shm", "-journal", "-epoch")  # of the files beside a SQLite database


def database_text():
    if connection.vendor == "sqlite":
        files = [Path(f"{connection.settings_dict['NAME']}{suffix}") for suffix in SUFFIXES]
        return b"".join(path.read_bytes() for path in files if path.is_file()).decode("latin-1")
    with connection.cursor() as cursor:
        parts = []
        for table in connection.introspection.table_names():
            cursor.execute(f"SELECT row_to_json(each)::text FROM {connection.ops.quote_name(table)} each")
            parts += [row[0] for row in cursor.fetchall()]
    return "\n".join(parts)


def cached_text():
    """Read all that is cached, unpacked as far as it may be packed."""
    if not configured.REDIS_URL:
        stored = [pickle.loads(value) for value in cache._cache.values()]
        return repr([*cache._cache, *map(unpacked, stored)])
    redis = cache.client.get_client()
    texts = []
    for key in redis.scan_iter():
        kind = redis.type(key).decode()
        read = {"string": redis.get, "hash": redis.hgetall, "stream": redis.xrange}
        value = read.get(kind, lambda key: redis.sort(key, alpha=True))(key)
        texts.append(repr((key, unpacked(value))))
    return "\n".join(texts)


def unpacked(value):
    if isinstance(value, list | tuple):
        return [unpacked(each) for each in value]
    if isinstance(value, bytes):
        start = value.find(b"\x1f\x8b")
        return (value, zlib.decompressobj(31).decompress(value[start:]) if start >= 0 else b"")
    return value
