"""The flush: every figure of every worker is stored exactly once, whatever the store does."""

import json
import os
import random
import statistics
import subprocess
import sys
import time
import zlib
from contextlib import contextmanager
from datetime import timedelta

import msgpack
import pytest
from django.conf import settings as configured
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.utils import timezone

from perf.models import TimingBlock
from perf.timing import figures, flushing, recorder
from perf.timing.deltas import Delta
from perf.timing.fingerprint import fingerprint_of
from perf.timing.stores import (
    HOUR,
    MINUTE,
    RETENTION,
    TOTALS_RETENTION,
    RedisStore,
    TableStore,
    shorten_busy_timeout,
    store,
)
from tests.helpers import process_environment
from tests.servers import losing_answers

pytestmark = pytest.mark.django_db(transaction=True)

DURATIONS = [random.Random(7).lognormvariate(-3, 1) for _ in range(4000)]


def record(count=1, seconds=0.01):
    for _ in range(count):
        recorder.query(fingerprint_of("SELECT recorded"), seconds, 1)


def recorded():
    found = [row.times.count for row in figures.load().queries() if row.fingerprint == "SELECT recorded"]
    return sum(found)


def worker(durations, *arguments, **more):
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.perf.timing.recording_process", *arguments],
        stdin=subprocess.PIPE,
        env=process_environment(TIMING_INTERVAL="3600", **more),
        cwd=configured.BASE_DIR,
        text=True,
    )
    process.stdin.write(json.dumps(durations))
    process.stdin.close()
    return process


@pytest.mark.parametrize("workers", [1, 2])
def test_percentiles_of_all_workers(workers):
    running = [worker(DURATIONS[number::workers]) for number in range(workers)]
    assert [process.wait() for process in running] == [0] * workers
    (row,) = [row for row in figures.load().requests() if row.route == "a/route"]
    assert row.times.count == len(DURATIONS)
    assert row.times.total == pytest.approx(sum(DURATIONS))
    exact = statistics.quantiles(DURATIONS, n=100, method="inclusive")
    for percent, shown in ((50, row.times.p50), (95, row.times.p95), (99, row.times.p99)):
        assert shown == pytest.approx(exact[percent - 1], rel=0.05)
    (query,) = [row for row in figures.load().queries() if row.fingerprint == "SELECT of_a_worker"]
    assert (query.origin, query.times.count) == ("background", len(DURATIONS))
    assert query.slowest == max(DURATIONS)


def test_a_clean_end_loses_nothing():
    assert worker(DURATIONS[:100], "--stop").wait() == 0
    (row,) = [row for row in figures.load().requests() if row.route == "a/route"]
    assert row.times.count == 100


def test_a_fork_starts_empty_and_leaves_its_parent_alone():
    record(3)
    child = os.fork()
    if child == 0:
        os._exit(0 if not recorder.changed() and recorder.snapshot().kinds == {} else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert recorded() == 3


def test_unflushed_figures_are_read_and_counted_once():
    record(2)
    assert recorded() == 2
    assert flushing.flush()
    assert recorded() == 2
    record(3)
    assert recorded() == 5
    assert flushing.flush()
    assert flushing.flush()
    assert recorded() == 5


def test_the_hour_says_the_same():
    record(2)
    flushing.flush()
    record(2)
    day = figures.load(timezone.now() - timedelta(days=1))
    assert day.span == HOUR
    assert [row.times.count for row in day.queries() if row.fingerprint == "SELECT recorded"] == [4]


@contextmanager
def table_loses_answers(settings):
    """Keep figures in the table, where every commit is made and its answer lost."""
    settings.REDIS_URL = ""

    def lost():
        raise ConnectionError

    def lose(execute, sql, *arguments):
        if sql.startswith("INSERT"):
            transaction.on_commit(lost)
        return execute(sql, *arguments)

    with connection.execute_wrapper(lose):
        yield


@contextmanager
def redis_loses_answers(settings):
    """Keep figures in a Redis, where every transaction is made and its answer lost."""
    with losing_answers(settings.REDIS_URL, b"EXEC") as url:
        direct = settings.CACHES
        settings.CACHES = {"default": {**direct["default"], "LOCATION": url}}
        yield
        settings.CACHES = direct


@pytest.mark.parametrize("lossy", [table_loses_answers, redis_loses_answers])
def test_an_answer_that_was_lost_counts_once(lossy, settings):
    if lossy is redis_loses_answers and not settings.REDIS_URL:
        pytest.skip("needs Redis")
    record(2)
    with lossy(settings):
        assert not flushing.flush()
    assert store().read_own(flushing.worker.name, [(MINUTE, flushing.worker.pending[0].minute)]) != {}  # it was written
    record(1)
    assert flushing.flush()
    assert flushing.flush()
    assert recorded() == 3


def test_what_another_version_wrote_is_left_alone():
    record()
    place = (MINUTE, flushing.current_minute())
    store().write("of-another-version", {place: zlib.compress(msgpack.packb([0, "what it may be"]))})
    assert recorded() == 1


def test_gauges_are_those_of_living_workers(monkeypatch):
    monkeypatch.setitem(recorder.GAUGES, "size", lambda: 3)
    monkeypatch.setitem(recorder.GAUGES, "broken", lambda: 1 / 0)
    now = flushing.current_minute()
    for name, age in (("a", 1), ("b", 2), ("dead", 100)):
        gauges = {"size": 4, "at": time.time() - age}
        store().write(name, {(MINUTE, now): Delta(gauges=gauges).encode()})
    assert flushing.flush()
    gauges = figures.load().gauges
    # A pool adds its own, once there is one.
    assert {name: seen for name, seen in gauges.items() if not name.startswith("pool_")} == {"in_flight": 0, "size": 11}


def test_the_flush_alone_is_no_reason_to_flush():
    record()
    assert recorder.changed()
    assert flushing.flush()
    assert not recorder.changed()


class Clock:
    """A clock that a test sets, in seconds since 1970."""

    def __init__(self):
        self.now = time.time()

    def __call__(self):
        return self.now


def fail(caplog):
    """Try in vain for twenty minutes that end now, and return the lines logged."""
    clock = Clock()
    flushing.worker = flushing.Worker(clock)
    clock.now -= 2 * flushing.MAX_PENDING * MINUTE
    for _ in range(2 * flushing.MAX_PENDING):
        record()
        assert not flushing.flush()
        clock.now += MINUTE
    assert len(flushing.worker.pending) == flushing.MAX_PENDING
    return [line for line in caplog.records if line.name == "perf.timing"]


def test_redis_gone(settings, caplog):
    before = settings.CACHES, settings.REDIS_URL
    gone = {**before[0]["default"], "BACKEND": "django_redis.cache.RedisCache", "LOCATION": "redis://127.0.0.1:1"}
    settings.CACHES, settings.REDIS_URL = {"default": gone}, "redis://127.0.0.1:1"
    assert len(fail(caplog)) == 1
    settings.CACHES, settings.REDIS_URL = before
    assert flushing.flush()
    assert recorded() == 2 * flushing.MAX_PENDING


def test_the_table_missing(settings, caplog, client):
    settings.REDIS_URL = ""
    with connection.schema_editor() as editor:
        editor.delete_model(TimingBlock)
    try:
        assert len(fail(caplog)) == 1
        assert client.get("/health/live").status_code == 200
    finally:
        with connection.schema_editor() as editor:
            editor.create_model(TimingBlock)
    assert flushing.flush()
    assert recorded() == 2 * flushing.MAX_PENDING


def test_another_writer_on_sqlite_is_not_waited_for(settings):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL lets many write")
    settings.REDIS_URL = ""
    record()
    other = connections.create_connection("default")
    other.connect()
    with other.cursor() as cursor:
        cursor.execute("BEGIN IMMEDIATE")
        shorten_busy_timeout()
        start = time.monotonic()
        assert not flushing.flush()
        assert time.monotonic() - start < 10  # the usual patience is 20 s
        cursor.execute("ROLLBACK")
    other.close()
    connection.close()
    assert flushing.flush()
    assert recorded() == 1


@pytest.mark.parametrize("kind", [TableStore, RedisStore])
def test_stores(kind, settings):
    if kind is RedisStore and not settings.REDIS_URL:
        pytest.skip("needs Redis")
    kept, now = kind(), flushing.current_minute()
    kept.write("a", {(MINUTE, now): b"a1", (HOUR, now - now % HOUR): b"a2"})
    kept.write("b", {(MINUTE, now): b"b1"})
    kept.write("a", {(MINUTE, now): b"a3"})
    assert kept.read_own("a", [(MINUTE, now), (MINUTE, now - 60)]) == {(MINUTE, now): b"a3"}
    assert sorted(kept.read(MINUTE, range(now - 60, now + 1, 60))) == [(now, "a", b"a3"), (now, "b", b"b1")]
    assert kept.read(MINUTE, range(now - 120, now - 59, 60)) == []
    assert kept.read(HOUR, range(now - now % HOUR, now + 1, HOUR)) == [(now - now % HOUR, "a", b"a2")]


def test_redis_forgets_by_itself(settings):
    if not settings.REDIS_URL:
        pytest.skip("needs Redis")
    record()
    flushing.flush()
    client = RedisStore()._client()
    keys = sorted(client.keys("llmselect:perf:*"))
    expected = (TOTALS_RETENTION, RETENTION[HOUR], RETENTION[MINUTE])
    assert [0 < client.ttl(key) <= kept for key, kept in zip(keys, expected, strict=True)] == [True] * 3


def test_old_rows_are_pruned(capsys):
    now = flushing.current_minute()
    old = {(span, now - kept - 2 * HOUR): b"" for span, kept in RETENTION.items()}
    TableStore().write("a", {**old, (MINUTE, now): b"", (HOUR, now): b""})
    call_command("prune")
    if not configured.REDIS_URL:
        assert capsys.readouterr().out == "Deleted 2 expired rows.\n"
        assert sorted(TimingBlock.objects.values_list("span", "start")) == [(MINUTE, now), (HOUR, now)]
