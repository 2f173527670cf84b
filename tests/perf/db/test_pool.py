"""The pool on PostgreSQL: what it counts, how it drops what is dead, and how it refuses while the server is gone."""

import copy
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db import OperationalError, connection
from psycopg_pool import PoolTimeout, TooManyRequests

from perf.benchmarks.processes import free_port
from perf.db import pool_waits as counted
from perf.db.postgresql.base import DatabaseWrapper
from perf.db.postgresql.pool import ConnectionsBlocked, Unreachable
from perf.timing import recorder
from tests.helpers import eventually

pytestmark = pytest.mark.django_db


@pytest.fixture
def wrapper():
    """Return a function that makes connection wrappers which share a pool of their own."""
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has a pool")
    made = []

    def make(**options):
        settings = copy.deepcopy(connection.settings_dict)
        settings |= {key.upper(): options.pop(key) for key in ("port", "host") if key in options}
        settings["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 1, "timeout": 5, "reconnect_timeout": 2, **options}
        made.append(DatabaseWrapper(settings, alias="test_pool"))
        made[-1].inc_thread_sharing()
        return made[-1]

    yield make
    for each in made:
        each.close()
    made[0].close_pool()


def serving_pids(wrappers):
    """Open each wrapper's connection; returns the server's process of each."""
    for each in wrappers:
        each.ensure_connection()
    return [each.connection.info.backend_pid for each in wrappers]


def terminate(pids):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid, 5000) FROM unnest(%s) AS pid", [pids])


def test_the_backend_stays_postgresql(wrapper):
    one = wrapper()
    assert (connection.vendor, connection.settings_dict["ENGINE"]) == ("postgresql", "perf.db.postgresql")
    assert isinstance(connection.pool, type(one.pool))


def test_an_exhausted_pool_times_out_and_is_counted(wrapper):
    holder, other = wrapper(timeout=0.2), wrapper(timeout=0.2)
    holder.ensure_connection()
    before, seen = counted.checkout_stats(), []
    counted.observers.append(seen.append)
    try:
        with pytest.raises(OperationalError) as raised:
            other.ensure_connection()
    finally:
        counted.observers.remove(seen.append)
    after = counted.checkout_stats()
    assert isinstance(raised.value.__cause__, PoolTimeout)
    assert (after.requests - before.requests, after.timeouts - before.timeouts) == (1, 1)
    assert after.seconds - before.seconds == pytest.approx(seen[0])
    assert seen[0] >= 0.2
    assert other.pool.stats()["checked_out"] == 1


def test_a_full_queue_is_refused_at_once(wrapper):
    class Full:
        """Stand where a client waits."""

    holder = wrapper(max_waiting=1)
    holder.ensure_connection()
    holder.pool._waiting.append(Full())
    try:
        before = counted.checkout_stats()
        with pytest.raises(OperationalError) as raised:
            wrapper().ensure_connection()
    finally:
        holder.pool._waiting.clear()
    assert isinstance(raised.value.__cause__, TooManyRequests)
    assert counted.checkout_stats().timeouts - before.timeouts == 1


def test_one_dead_connection_drains_the_pool(wrapper):
    many = [wrapper(min_size=4, max_size=4) for _ in range(4)]
    old = serving_pids(many)
    for each in many:
        each.close()
    terminate(old)
    begin = time.monotonic()
    fresh = serving_pids(many)
    # One by one they would cost 1, 2 and 4 s.
    assert time.monotonic() - begin < 3
    assert set(fresh).isdisjoint(old)
    assert many[0].pool.stats()["checked_out"] == 4
    assert many[0].pool.stats()["pool_size"] == 4


def test_a_connection_used_just_now_is_not_asked_whether_it_lives(wrapper):
    user, pool = wrapper(), wrapper().pool

    def last_heard(conn):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # else a transaction sees what it saw first
            cursor.execute("SELECT state_change FROM pg_stat_activity WHERE pid = %s", [conn.info.backend_pid])
            return cursor.fetchone()

    def is_asked(age):
        user.ensure_connection()
        conn = user.connection
        user.close()
        pool._used_at[conn] -= age
        before = last_heard(conn)
        user.ensure_connection()
        assert user.connection is conn
        return last_heard(conn) != before

    assert not is_asked(0)
    assert is_asked(60)


def test_a_lost_server_is_reported_at_once_and_reconnected(wrapper, caplog):
    gone = wrapper(host="127.0.0.1", port=free_port())
    with pytest.raises(OperationalError) as raised:
        gone.ensure_connection()
    assert isinstance(raised.value.__cause__, Unreachable)  # not the timeout of 5 s
    before = counted.checkout_stats()
    with pytest.raises(OperationalError):
        gone.ensure_connection()
    assert counted.checkout_stats().refused - before.refused == 1
    assert [record.message for record in caplog.records] == ["no connection to the database can be made"]
    # The server comes back at the same address, as far as the pool can see.
    time.sleep(2.5)  # its attempts must begin anew after those of psycopg have ended
    gone.pool.kwargs["port"] = connection.settings_dict["PORT"] or 5432
    assert eventually(lambda: not gone.pool.down, seconds=10)
    gone.ensure_connection()
    assert gone.pool.stats()["checked_out"] == 1
    assert caplog.records[-1].message == "the database answers again"


def test_a_full_server_is_not_down_while_a_connection_lives(wrapper):
    holder = wrapper(max_size=2)
    holder.ensure_connection()
    holder.pool._connect_failed(psycopg.OperationalError("sorry, too many clients already"))
    assert not holder.pool.down
    holder.close()
    wrapper().ensure_connection()


# Time limits


def test_only_requests_have_statement_limits(wrapper, monkeypatch):
    monkeypatch.setattr(recorder._state, "serving", False)
    assert "options" not in wrapper().get_connection_params()
    monkeypatch.setattr(recorder._state, "serving", True)
    limited = wrapper()
    assert limited.get_connection_params()["options"] == "-c lock_timeout=5000 -c statement_timeout=30000"
    assert shown(limited, "lock_timeout") == 5000
    assert shown(limited, "statement_timeout") == 30_000
    own = wrapper()
    own.settings_dict["OPTIONS"]["options"] = "-c lock_timeout=1"
    assert own.get_connection_params()["options"].endswith("statement_timeout=30000 -c lock_timeout=1")
    behind = wrapper()
    behind.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] = True
    assert "options" not in behind.get_connection_params()


def test_a_wait_for_the_pool_shortens_the_lock_timeout(wrapper, monkeypatch):
    monkeypatch.setattr(recorder._state, "serving", True)
    holder, other = wrapper(), wrapper()
    holder.ensure_connection()
    with ThreadPoolExecutor(1) as thread:
        waits = thread.submit(shown, other, "lock_timeout")
        time.sleep(1)
        holder.close()
        assert 3000 < waits.result() <= 4100
    assert shown(holder, "lock_timeout") == 5000  # the same connection, for somebody who did not wait


def test_a_lock_timeout_fails_the_threads_that_wait_for_the_pool(wrapper, monkeypatch):
    monkeypatch.setattr(recorder._state, "serving", True)
    other, holder = wrapper(), wrapper()
    with ThreadPoolExecutor(1) as thread, connection.cursor() as cursor:
        cursor.execute("LOCK TABLE auth_group IN ACCESS EXCLUSIVE MODE")
        with holder.cursor() as locked:
            locked.execute("SET lock_timeout = 500")
            waits = thread.submit(shown, other, "lock_timeout")
            assert eventually(lambda: holder.pool.stats()["requests_waiting"] == 1)
            with pytest.raises(OperationalError, match="lock timeout"):
                locked.execute("SELECT 1 FROM auth_group")
        error = waits.exception()
    assert isinstance(error.__cause__, ConnectionsBlocked)


def shown(wrapper, name):
    """Ask how many ms a limit is for a connection that is checked out and given back."""
    try:
        with wrapper.cursor() as cursor:
            cursor.execute("SELECT setting FROM pg_settings WHERE name = %s", [name])
            return int(cursor.fetchone()[0])
    finally:
        wrapper.close()
