"""Whether invalidations can be delivered, asked again and again; and those that others left in the database."""

import shutil
import threading

import pytest
from django.core.cache import cache
from django.db import connection
from django.db.backends.signals import connection_created

from perf.benchmarks.services import redis_server
from perf.caching import heartbeat as module
from perf.caching import undelivered
from perf.caching.heartbeat import Heartbeat
from perf.caching.namespace import NAMESPACES, WILDCARD, Namespace, deliver
from perf.caching.outage import outage
from perf.caching.redis import redis_cache
from perf.models import UndeliveredInvalidation
from perf.timing import recorder
from tests.helpers import eventually

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="needs redis-server"),
]


@pytest.fixture
def server(settings):
    with redis_server() as server:
        settings.REDIS_URL = server.url
        settings.CACHES = {"default": redis_cache(server.url, connections=10)}
        yield server
        cache.close()
    outage.connect()
    outage.end_pause()


@pytest.fixture
def namespace():
    yield Namespace("test", ttl=60)
    del NAMESPACES["test"]


@pytest.fixture
def threads(server):
    """Beat and look as a worker does; ended at the end."""
    ended = threading.Event()
    beating = Heartbeat()
    running = [
        threading.Thread(target=module._beat, args=(beating, ended)),
        threading.Thread(target=module._poll, args=(beating, ended)),
    ]
    for thread in running:
        thread.start()
    yield running
    ended.set()
    for thread in running:
        thread.join(timeout=5)
    assert not any(thread.is_alive() for thread in running)


def read(namespace, value):
    return namespace.fetch(namespace.key(1, "q"), lambda: value)


def forbid(server):
    server.client.execute_command("ACL", "SETUSER", "default", "-del")


def allow(server):
    server.client.execute_command("ACL", "SETUSER", "default", "+del")


def test_a_heartbeat_leaves_no_key(server):
    Heartbeat().beat()
    assert (server.client.keys("*heartbeat*"), outage.active) == ([], False)


def test_a_redis_that_cannot_delete_is_bypassed_and_then_cleared(server, namespace):
    beating = Heartbeat()
    read(namespace, "old")
    assert read(namespace, "new") == ("old", True)
    forbid(server)
    beating.beat()
    assert outage.active
    assert read(namespace, "new") == ("new", False)
    allow(server)
    assert read(namespace, "newer") == ("newer", False)  # not before the heart beats
    beating.beat()
    assert not outage.active
    assert [read(namespace, "newest") for _ in range(2)] == [("newest", False), ("newest", True)]


def test_a_full_redis_can_delete_and_is_used(server, namespace):
    read(namespace, "old")
    server.client.config_set("maxmemory", 1)
    Heartbeat().beat()
    assert not outage.active
    assert read(namespace, "new") == ("old", True)


def test_one_late_reply_clears_no_cache(server, namespace):
    beating = Heartbeat()
    read(namespace, "kept")
    server.freeze()
    beating.beat()
    assert outage.active
    server.thaw()
    beating.beat()
    assert read(namespace, "new") == ("kept", True)
    server.freeze()
    for _ in range(2):
        beating.beat()
    server.thaw()
    beating.beat()
    assert read(namespace, "new") == ("new", False)


def test_an_undelivered_invalidation_is_posted_once(server, namespace):
    read(namespace, "old")
    forbid(server)
    for _ in range(3):
        namespace.invalidate(1)
    assert list(UndeliveredInvalidation.objects.values_list("namespace", "owner")) == [("test", "1")]
    assert read(namespace, "new") == ("new", False)
    allow(server)
    assert undelivered.deliver_pending(deliver) == 1
    assert not UndeliveredInvalidation.objects.exists()
    assert eventually(lambda: not outage.is_undelivered(("test", "1")))


def test_an_invalidation_posted_again_during_its_delivery_stays(server):
    undelivered.post("test", "1")
    undelivered.deliver_pending(lambda *_: undelivered.post("test", "1"))
    assert UndeliveredInvalidation.objects.count() == 1


@pytest.mark.parametrize("left", [("test", "1"), ("test", WILDCARD), (WILDCARD, "1"), (WILDCARD, WILDCARD)])
def test_another_worker_delivers_it(threads, namespace, left):
    read(namespace, "old")
    assert read(namespace, "new") == ("old", True)
    undelivered.post(*left)
    assert eventually(lambda: not UndeliveredInvalidation.objects.exists())
    assert read(namespace, "new") == ("new", False)


def test_a_failed_delivery_of_a_posted_invalidation_disconnects_at_once(server, namespace):
    read(namespace, "old")
    forbid(server)
    undelivered.post("test", "1")
    ended, beating = threading.Event(), Heartbeat()
    looking = threading.Thread(target=module._poll, args=(beating, ended))
    looking.start()
    try:
        assert eventually(lambda: outage.active)
    finally:
        ended.set()
        looking.join()
        allow(server)


def test_polling_is_not_timed(threads, settings):
    settings.TIMING = True
    undelivered.post("test", "1")
    recorder.reset()
    assert eventually(lambda: not any(row.owner == "1" for row in list(UndeliveredInvalidation.objects.all())))
    recorder.reset()
    threading.Event().wait(3 * module.INTERVAL)
    kinds = recorder.snapshot().kinds.get("queries", {})
    assert not any("undelivered" in str(key) for key in kinds)


def test_polls_of_a_failing_database_back_off(server, monkeypatch):
    monkeypatch.setattr(module, "INTERVAL", 0.05)
    asked, ended = [], threading.Event()
    looking = threading.Thread(target=module._poll, args=(Heartbeat(), ended))

    def note(**_):
        if threading.current_thread() is looking:
            asked.append(1)

    connection_created.connect(note)
    table = UndeliveredInvalidation._meta.db_table
    with connection.schema_editor() as schema:
        schema.alter_db_table(UndeliveredInvalidation, table, f"{table}_away")
    try:
        looking.start()
        ended.wait(1.2)
        ended.set()
        looking.join()
    finally:
        connection_created.disconnect(note)
        with connection.schema_editor() as schema:
            schema.alter_db_table(UndeliveredInvalidation, f"{table}_away", table)
    assert 2 <= len(asked) <= 6
    assert not outage.active
