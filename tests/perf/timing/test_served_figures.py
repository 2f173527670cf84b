"""Figures of a real server: all workers, streams that were left, and nothing lost when it stops."""

import signal

import pytest
import requests
from django.db import connection

from models_registry.calls.figures import model_rows
from perf.benchmarks.processes import free_port, wait_for
from perf.timing import figures
from tests.helpers import bearer, conversation, eventually
from tests.llmselect_project.test_serve import serve
from tests.servers import asking

pytestmark = pytest.mark.django_db(transaction=True)

LIST = ("GET", "api/v1/conversations")


def rows():
    return {(row.method, row.route): row for row in figures.load().requests()}


def test_nothing_is_lost_at_a_clean_stop(ann):
    conversation(ann)
    port = free_port()
    headers = bearer()
    workers = 2 if connection.vendor == "postgresql" else 1
    before = rows()
    with serve(port, "--workers", str(workers), TIMING_INTERVAL="3600", DB_POOL_MIN_SIZE="1") as process:
        wait_for(f"http://127.0.0.1:{port}/health/live")
        for _ in range(20):
            assert requests.get(f"http://127.0.0.1:{port}/api/v1/conversations", headers=headers, timeout=10).ok
        assert LIST not in rows()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    assert LIST not in before
    row = rows()[LIST]
    assert (row.times.count, row.statuses) == (20, {"200": 20})
    origins = {found.origin for found in figures.load().queries()}
    assert "request" in origins


def test_a_stream_that_was_left_is_timed_and_no_longer_in_flight(ann, openai, stub):
    port = free_port()
    headers = bearer()
    body = {"provider": "openai", "model": "stub?delay=0.1&chunks=100", "message": "one two", "on_disconnect": "stop"}
    more = {**asking(stub), "TIMING_INTERVAL": "1"}
    with serve(port, **more):
        wait_for(f"http://127.0.0.1:{port}/health/live")
        url = f"http://127.0.0.1:{port}/api/v1/chat/stream"
        with requests.post(url, json=body, headers=headers, stream=True, timeout=30) as response:
            lines = response.iter_lines()
            while b"chunk" not in next(lines):
                pass
            assert eventually(lambda: figures.load().gauges["in_flight"] >= 1, 10)
        key = ("POST", "api/v1/chat/stream")
        assert eventually(lambda: key in rows(), 10)
        assert eventually(lambda: figures.load().gauges["in_flight"] == 0, 10)
        row = rows()[key]
    assert (row.times.count, row.streams.count) == (1, 1)
    assert row.times.total < row.streams.total
    (provider,) = model_rows(figures.load().total)
    assert (provider.provider, provider.times.count, provider.failed, provider.first_token.count) == ("openai", 1, 0, 1)
