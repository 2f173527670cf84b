"""Calls that begin or end in the same moment take turns at the database."""

import threading

import pytest

from conversations import slots
from tests.helpers import eventually

pytestmark = pytest.mark.django_db(transaction=True)


def enter(inside, leave):
    with slots.keeping():
        inside.append(1)
        leave.wait(10)


@pytest.fixture
def crowd():
    """Return who is inside, after one more than may be there has come; all leave at the end."""
    inside, leave = [], threading.Event()
    threads = [threading.Thread(target=enter, args=(inside, leave)) for _ in range(slots.KEEPERS + 1)]
    for thread in threads:
        thread.start()
    yield inside, leave
    leave.set()
    for thread in threads:
        thread.join()


def test_the_next_waits_until_one_is_done(crowd):
    inside, leave = crowd
    assert eventually(lambda: len(inside) == slots.KEEPERS)
    assert not eventually(lambda: len(inside) > slots.KEEPERS, seconds=0.2)
    leave.set()
    assert eventually(lambda: len(inside) == slots.KEEPERS + 1)


def test_nobody_waits_for_ever(monkeypatch, crowd):
    inside, _ = crowd
    assert eventually(lambda: len(inside) == slots.KEEPERS)
    monkeypatch.setattr(slots, "COURTESY", 0.05)
    with slots.keeping():  # though nobody has left
        assert len(inside) == slots.KEEPERS


def test_a_failure_inside_leaves_the_place(ann):
    for _ in range(slots.KEEPERS + 1):
        with pytest.raises(ZeroDivisionError), slots.keeping():
            raise ZeroDivisionError
    assert slots._keepers._value == slots.KEEPERS
