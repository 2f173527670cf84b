"""Memory: bounded by the number of labels, which is bounded itself."""

import gc
import random
import subprocess
import sys
import tracemalloc

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import RequestFactory

from perf.middleware import TimingMiddleware
from perf.timing import kinds, recorder
from perf.timing.fingerprint import fingerprint_of
from tests.helpers import process_environment
from tests.perf.timing.memory_process import work

pytestmark = pytest.mark.django_db


@pytest.fixture
def grown():
    """Yield a function that tells by how many bytes memory grew, now and at its peak."""
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]

    def measured():
        gc.collect()
        now, peak = tracemalloc.get_traced_memory()
        return now - before, peak - before

    yield measured
    tracemalloc.stop()


@pytest.mark.django_db(transaction=True)
def test_a_thousand_routes_and_statements_take_less_than_10_megabytes():
    run = subprocess.run(
        [sys.executable, "-m", "tests.perf.timing.memory_process"],
        env=process_environment(TIMING_INTERVAL="3600"),
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    now, peak = map(int, run.stdout.split())
    assert 1_000_000 < now < 10_000_000
    assert peak < 10_000_000


def test_the_number_of_labels_is_bounded():
    work(5000, 5000, 6000, random.Random(1))
    for _ in range(2):
        delta = recorder.snapshot()
        assert len(delta.of(kinds.REQUESTS)) == kinds.REQUESTS.limit + 1
        assert len(delta.of(kinds.QUERIES)) == kinds.QUERIES.limit + 1
        assert sum(one.count for one in delta.of(kinds.REQUESTS).values()) == 6000
        assert sum(one.count for one in delta.of(kinds.QUERIES).values()) == 18_000
        assert delta.of(kinds.REQUESTS)["GET", "(other)", "200"].count == 6000 - 1500 - (6000 - 5000)


def test_blocks_stay_bounded_whatever_comes_together():
    total = recorder.drain()
    for number in range(3):
        for sql in range(900):
            recorder.query(fingerprint_of(f"SELECT a FROM t{number}_{sql}x"), 0.001, 1)
        total.add(recorder.drain())
    series = total.of(kinds.QUERIES)
    assert len(series) <= kinds.QUERIES.limit + 1
    assert sum(one.count for one in series.values()) == 2700


def test_distinct_urls_do_not_grow_memory(grown):
    middleware = TimingMiddleware(lambda _: HttpResponse(status=404))
    factory = RequestFactory()
    for number in range(500):
        middleware(factory.get(f"/warm/{number}"))
    warm, _ = grown()
    for number in range(5000):
        middleware(factory.get(f"/nothing/{number}"))
    assert grown()[0] - warm < 20_000
    (series,) = recorder.snapshot().of(kinds.REQUESTS).items()
    assert (series[0], series[1].count) == (("GET", "(unmatched)", "404"), 5500)
