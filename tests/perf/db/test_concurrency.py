"""A few threads run at once, and none waits for ever."""

import threading

import pytest

from perf.db.concurrency import ConcurrencyLimit
from tests.helpers import eventually

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT = 2


@pytest.fixture
def limit():
    return ConcurrencyLimit(LIMIT, max_wait=10)


@pytest.fixture
def crowd(limit):
    """Start one thread more than the limit allows; return those inside and the event that lets them leave."""
    inside, leave = [], threading.Event()

    def enter():
        with limit.acquire():
            inside.append(1)
            leave.wait(10)

    threads = [threading.Thread(target=enter) for _ in range(LIMIT + 1)]
    for thread in threads:
        thread.start()
    yield inside, leave
    leave.set()
    for thread in threads:
        thread.join()


def test_a_thread_over_the_limit_waits(crowd):
    inside, leave = crowd
    assert eventually(lambda: len(inside) == LIMIT)
    assert not eventually(lambda: len(inside) > LIMIT, seconds=0.2)
    leave.set()
    assert eventually(lambda: len(inside) == LIMIT + 1)


def test_a_wait_is_bounded(limit, crowd):
    inside, _ = crowd
    assert eventually(lambda: len(inside) == LIMIT)
    limit.max_wait = 0.05
    with limit.acquire():  # though no thread has left
        assert len(inside) == LIMIT


def test_an_exception_inside_releases_the_semaphore(limit):
    for _ in range(LIMIT + 1):
        with pytest.raises(ZeroDivisionError), limit.acquire():
            raise ZeroDivisionError
    assert limit._semaphore._value == LIMIT
