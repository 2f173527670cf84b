import time

from models_registry.providers.watchdog import Watchdog
from tests.helpers import eventually


def test_each_is_called_once_when_its_time_is_over():
    watchdog, started, calls = Watchdog(0.1), time.monotonic(), []
    for name in ("a", "b"):
        watchdog.watch(lambda name=name: calls.append((name, time.monotonic() - started)))
        time.sleep(0.05)
    assert eventually(lambda: len(calls) == 2)
    assert [name for name, _ in calls] == ["a", "b"]
    assert 0.1 <= calls[0][1] < 0.15 <= calls[1][1] < 0.2


def test_it_goes_on_after_a_rest():
    watchdog, calls = Watchdog(0.01), []
    for number in range(3):
        watchdog.watch(lambda number=number: calls.append(number))
        assert eventually(lambda: len(calls) == number + 1)  # noqa: B023 - called at once
        time.sleep(0.03)
