"""Asking a service that may not answer."""

import threading

import pytest

from perf.serving import probe as module
from perf.serving.probe import Probe
from tests.helpers import eventually


def test_an_answer_has_its_latency():
    answer = Probe(lambda: {"said": "yes"}).begin()()
    assert answer["said"] == "yes"
    assert 0 <= answer["latency"] < 1.5


@pytest.mark.parametrize(("error", "sentence"), [(OSError("no\n  way"), "no way"), (KeyError(), "KeyError")])
def test_an_exception_is_the_answer(error, sentence):
    def ask():
        raise error

    assert Probe(ask).begin()() == {"error": sentence}


def test_concurrent_callers_share_one_probe_that_may_hang(monkeypatch):
    monkeypatch.setattr(module, "LIMIT", 0.1)
    asked, go = [], threading.Event()

    def ask():
        asked.append(1)
        go.wait(10)
        return {}

    probe = Probe(ask)
    assert [wait() for wait in [probe.begin() for _ in range(20)]] == [{"error": module.TOO_SLOW}] * 20
    assert probe.begin()() == {"error": module.TOO_SLOW}
    assert len(asked) == 1
    late = probe.begin()
    go.set()
    assert "latency" in late()
    assert eventually(lambda: "latency" in probe.begin()() and len(asked) > 1)
