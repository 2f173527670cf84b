"""The pool on PostgreSQL: what it counts, how it drops what is dead, and how it refuses while the server is gone."""

import copy
import time

import psycopg
import pytest
from django.db import OperationalError, connection
from psycopg_pool import PoolTimeout, TooManyRequests

from perf import pool as counted
from perf.postgresql.base import DatabaseWrapper
from perf.postgresql.pool import Unreachable
from perf.processes import free_port
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
    assert (connection.vendor, connection.settings_dict["ENGINE"]) == ("postgresql", "perf.postgresql")
    assert isinstance(connection.pool, type(one.pool))


def test_an_exhausted_pool_times_out_and_is_counted(wrapper):
    holder, other = wrapper(timeout=0.2), wrapper(timeout=0.2)
    holder.ensure_connection()
    before, seen = counted.waits(), []
    counted.observers.append(seen.append)
    try:
        with pytest.raises(OperationalError) as raised:
            other.ensure_connection()
    finally:
        counted.observers.remove(seen.append)
    after = counted.waits()
    assert isinstance(raised.value.__cause__, PoolTimeout)
    assert (after.requests - before.requests, after.timeouts - before.timeouts) == (1, 1)
    assert after.seconds - before.seconds == pytest.approx(seen[0])
    assert seen[0] >= 0.2
    assert other.pool.figures()["checked_out"] == 1


def test_a_full_queue_is_refused_at_once(wrapper):
    class Full:
        """Stand where a client waits."""

    holder = wrapper(max_waiting=1)
    holder.ensure_connection()
    holder.pool._waiting.append(Full())
    try:
        before = counted.waits()
        with pytest.raises(OperationalError) as raised:
            wrapper().ensure_connection()
    finally:
        holder.pool._waiting.clear()
    assert isinstance(raised.value.__cause__, TooManyRequests)
    assert counted.waits().timeouts - before.timeouts == 1


def test_one_dead_connection_drops_all_others_of_its_age(wrapper):
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
    assert many[0].pool.figures()["checked_out"] == 4
    assert many[0].pool.figures()["pool_size"] == 4


def test_a_server_that_is_gone_is_said_at_once_and_found_again(wrapper, caplog):
    gone = wrapper(host="127.0.0.1", port=free_port())
    with pytest.raises(OperationalError) as raised:
        gone.ensure_connection()
    assert isinstance(raised.value.__cause__, Unreachable)  # not the timeout of 5 s
    before = counted.waits()
    with pytest.raises(OperationalError):
        gone.ensure_connection()
    assert counted.waits().refused - before.refused == 1
    assert [record.message for record in caplog.records] == ["no connection to the database can be made"]
    # The server comes back at the same address, as far as the pool can see.
    time.sleep(2.5)  # its attempts must begin anew after those of psycopg have ended
    gone.pool.kwargs["port"] = connection.settings_dict["PORT"] or 5432
    assert eventually(lambda: not gone.pool.down, seconds=10)
    gone.ensure_connection()
    assert gone.pool.figures()["checked_out"] == 1
    assert caplog.records[-1].message == "the database answers again"


def test_a_server_that_takes_no_more_is_not_gone_while_a_connection_lives(wrapper):
    holder = wrapper(max_size=2)
    holder.ensure_connection()
    holder.pool._failed(psycopg.OperationalError("sorry, too many clients already"))
    assert not holder.pool.down
    holder.close()
    wrapper().ensure_connection()
