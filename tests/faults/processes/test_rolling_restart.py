"""SIGHUP: the workers are replaced one by one, and no request is lost meanwhile.

It takes some seconds: each new worker has 3.5 s to start before its predecessor is stopped.
"""

import shutil
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from conversations.models import Message
from perf.benchmarks.processes import free_port, wait_for
from perf.benchmarks.services import redis_server
from tests.helpers import bearer, eventually
from tests.servers import asking, serve, worker_pids

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="needs redis-server"),
]


# Whether the kernel gives connections that wait for a closing listener to another one; else it resets them, unread.
MIGRATES = Path("/proc/sys/net/ipv4/tcp_migrate_req")


def whole(url, headers, body):
    return requests.post(f"{url}/api/v1/chat", json=body, headers=headers, timeout=30).status_code


def streamed(url, headers, body):
    with requests.post(f"{url}/api/v1/chat/stream", json=body, headers=headers, stream=True, timeout=30) as answer:
        last = [line for line in answer.iter_lines() if line.startswith(b"data")][-1]
    return answer.status_code if b'"event":"done"' in last else last


def listed(url, headers, _):
    return requests.get(f"{url}/api/v1/conversations", headers=headers, timeout=30).status_code


def test_no_request_is_lost(ann, openai, stub):
    port, over, answers, resets = free_port(), threading.Event(), [], []
    url, headers = f"http://127.0.0.1:{port}", bearer()
    body = {"provider": "openai", "model": "stub?delay=0.05&chunks=10", "message": "one two"}

    def ask(kind):
        while not over.is_set():
            try:
                answer = kind(url, headers, body)
            except requests.ConnectionError as error:
                resets.append(error)
                answer = kind(url, headers, body)
            answers.append((kind.__name__, answer))
            over.wait(0.02)

    with redis_server() as redis, serve(port, "--workers", "2", **asking(stub), REDIS_URL=redis.url) as server:
        wait_for(f"{url}/health/live")
        assert eventually(lambda: len(worker_pids(server.pid)) == 2, seconds=10)
        before = set(worker_pids(server.pid))
        with ThreadPoolExecutor(4) as threads:
            try:
                asked = [threads.submit(ask, kind) for kind in (listed, listed, whole, streamed)]
                assert eventually(lambda: len(answers) > 4, seconds=20)
                server.send_signal(signal.SIGHUP)
                assert eventually(lambda: before.isdisjoint(worker_pids(server.pid)), seconds=60)
                count = len(answers)
                assert eventually(lambda: len(answers) > count + 4, seconds=20)
            finally:
                over.set()
            assert all(each.exception() is None for each in asked)
        assert len(worker_pids(server.pid)) == 2
    assert [answer for answer in answers if answer[1] != 200] == []
    assert not resets or MIGRATES.read_text().strip() != "1"
    # No request that was reset had begun: each one is there once.
    kept = Message.objects.filter(role="assistant")
    assert kept.count() == sum(name != "listed" for name, _ in answers)
    assert not kept.exclude(status="complete").exists()
