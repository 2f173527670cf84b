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


def test_one_of_a_hundred_threads_computes_and_the_others_release():
    flights, worked, waited = SingleFlight(), [], []

    def work():
        time.sleep(0.2)
        worked.append(1)
        return "value"

    results = together(100, lambda: flights.run("key", work, work, before_wait=lambda: waited.append(1)))
    assert (results, len(worked)) == (["value"] * 100, 1)
    assert len(waited) == 99


def test_after_a_failure_the_next_thread_computes():
    flights, tries = SingleFlight(), []

    def work():
        time.sleep(0.02)
        tries.append(1)
        if len(tries) < 3:
            raise ValueError("failed")
        return "value"

    results = together(5, lambda: flights.run("key", work, work, before_wait=lambda: None))
    assert sorted(results) == ["failed", "failed", "value", "value", "value"]


def test_a_thread_that_waited_too_long_uses_the_fallback(monkeypatch):
    monkeypatch.setattr(flight, "MAX_WAIT", 0.05)
    flights, release = SingleFlight(), threading.Event()
    slow = threading.Thread(target=flights.run, args=("key", release.wait, release.wait, lambda: None))
    slow.start()
    try:
        assert flights.run("key", lambda: "never", lambda: "alone", before_wait=lambda: None) == "alone"
    finally:
        release.set()
        slow.join()


def test_different_keys_do_not_wait_for_each_other():
    flights = SingleFlight()
    inner = lambda: flights.run("b", lambda: "b", lambda: "b", before_wait=lambda: pytest.fail("waited"))  # noqa: E731
    assert flights.run("a", inner, inner, before_wait=lambda: None) == "b"
