"""Redis behind the cache: one round trip a hit, and nothing believed of a server that came back."""

import secrets
import threading

import pytest
from django.conf import settings as project
from django.core.cache import cache
from django_redis import get_redis_connection

from perf.caching.generations import CacheKey, read_entries, store_entry
from tests.helpers import client_for, conversation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not project.REDIS_URL, reason="needs Redis"),
]

KEY = CacheKey("test", "1", "q")


def look():
    return read_entries([KEY])[0]


@pytest.mark.parametrize("path", ["/api/v1/conversations", "/api/v1/conversations/{id}", "/api/v1/comparisons"])
def test_a_hit_is_one_round_trip(ann, path):
    api, path = client_for(ann), path.format(id=conversation(ann).pk)
    ours = get_redis_connection().connection_pool.connection_kwargs["db"]
    begin, end = secrets.token_hex(8), secrets.token_hex(8)
    with get_redis_connection().monitor() as monitor:
        api.get(path)
        get_redis_connection().echo(begin)
        assert api.get(path).headers["X-Cache"] == "hit"
        get_redis_connection().echo(end)
        commands, heard = [], monitor.listen()
        while next(heard)["command"] != f"ECHO {begin}":
            pass
        for command in heard:
            if command["command"] == f"ECHO {end}":
                break
            if command["db"] == ours:  # others may use the server too
                commands.append(command["command"].split()[0])
    # What is counted is handed on by a thread of its own.
    assert [name for name in commands if name not in ("MULTI", "EXEC", "HINCRBY", "HSET")] == ["MGET"]


def test_a_restarted_server_has_another_run_id():
    store_entry(KEY, look(), "old", 60)
    assert look().value == "old"
    # The same data under another run id, as a server has it that was restarted with its snapshot.
    real = get_redis_connection().info("server")["run_id"][:12]
    renamed = "f" * 12
    for key in get_redis_connection().keys(f"*{real}*"):
        get_redis_connection().rename(key, key.decode().replace(real, renamed))
    assert not look().hit


def test_values_are_not_pickled_and_keys_have_our_prefix():
    store_entry(KEY, look(), [b"bytes", "text"], 60)
    keys = [key.decode() for key in get_redis_connection().keys("*:test*")]
    assert keys
    assert all(key.startswith("llmselect:") for key in keys)
    values = [get_redis_connection().dump(key) or b"" for key in keys]
    assert not any(b"\x80\x04" in value for value in values)


def test_generations_expire():
    look()
    for key in get_redis_connection().keys("*:test*"):
        assert 0 < get_redis_connection().ttl(key) <= 7 * 86_400


def test_more_threads_than_usual_get_a_connection():
    def ask():
        barrier.wait()
        cache.get("anything")

    failures = []
    barrier = threading.Barrier(150)
    hook, threading.excepthook = threading.excepthook, failures.append
    try:
        threads = [threading.Thread(target=ask) for _ in range(150)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        threading.excepthook = hook
    assert failures == []
