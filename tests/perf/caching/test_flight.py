"""Single flight: of many that want the same at once, one does the work."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from perf.caching import single_flight as flight
from perf.caching.single_flight import SingleFlight


def together(count, call):
    """Run `call` in so many threads that start at one moment; returns results or exceptions."""
    barrier = threading.Barrier(count)

    def one(_):
        barrier.wait()
        try:
            return call()
        except ValueError as error:
            return str(error)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_one_of_a_hundred_works_and_the_others_hold_nothing():
    flights, worked, waited = SingleFlight(), [], []

    def work():
        time.sleep(0.2)
        worked.append(1)
        return "value"

    results = together(100, lambda: flights.run("key", work, work, waiting=lambda: waited.append(1)))
    assert (results, len(worked)) == (["value"] * 100, 1)
    assert len(waited) == 99


def test_when_one_fails_the_next_tries():
    flights, tries = SingleFlight(), []

    def work():
        time.sleep(0.02)
        tries.append(1)
        if len(tries) < 3:
            raise ValueError("failed")
        return "value"

    results = together(5, lambda: flights.run("key", work, work, waiting=lambda: None))
    assert sorted(results) == ["failed", "failed", "value", "value", "value"]


def test_whoever_waits_too_long_works_alone(monkeypatch):
    monkeypatch.setattr(flight, "PATIENCE", 0.05)
    flights, release = SingleFlight(), threading.Event()
    slow = threading.Thread(target=flights.run, args=("key", release.wait, release.wait, lambda: None))
    slow.start()
    try:
        assert flights.run("key", lambda: "never", lambda: "alone", waiting=lambda: None) == "alone"
    finally:
        release.set()
        slow.join()


def test_different_keys_do_not_wait_for_each_other():
    flights = SingleFlight()
    inner = lambda: flights.run("b", lambda: "b", lambda: "b", waiting=lambda: pytest.fail("waited"))  # noqa: E731
    assert flights.run("a", inner, inner, waiting=lambda: None) == "b"
