"""Threads take turns at the rows, and nobody waits for ever."""

import threading

import pytest

from perf.db.concurrency import Turns
from tests.helpers import eventually

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 2


@pytest.fixture
def turns():
    return Turns(at_once=AT_ONCE, courtesy=10)


@pytest.fixture
def crowd(turns):
    """Return who is inside, after one more than may be there has come; all leave at the end."""
    inside, leave = [], threading.Event()

    def enter():
        with turns.taken():
            inside.append(1)
            leave.wait(10)

    threads = [threading.Thread(target=enter) for _ in range(AT_ONCE + 1)]
    for thread in threads:
        thread.start()
    yield inside, leave
    leave.set()
    for thread in threads:
        thread.join()


def test_the_next_waits_until_one_is_done(crowd):
    inside, leave = crowd
    assert eventually(lambda: len(inside) == AT_ONCE)
    assert not eventually(lambda: len(inside) > AT_ONCE, seconds=0.2)
    leave.set()
    assert eventually(lambda: len(inside) == AT_ONCE + 1)


def test_nobody_waits_for_ever(turns, crowd):
    inside, _ = crowd
    assert eventually(lambda: len(inside) == AT_ONCE)
    turns.courtesy = 0.05
    with turns.taken():  # though nobody has left
        assert len(inside) == AT_ONCE


def test_a_failure_inside_leaves_the_place(turns):
    for _ in range(AT_ONCE + 1):
        with pytest.raises(ZeroDivisionError), turns.taken():
            raise ZeroDivisionError
    assert turns._free._value == AT_ONCE
