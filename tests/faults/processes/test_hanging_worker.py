"""A worker that no longer answers is replaced; one that is only busy, and a server that was asleep, are left alone."""

import os
import shutil
import signal
import time
from pathlib import Path

import pytest
import requests
from django.db import connection

from conversations.models import Conversation, Message
from perf.benchmarks.processes import free_port, wait_for
from perf.benchmarks.services import redis_server
from tests.helpers import eventually, login
from tests.servers import serve, worker_pids

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc"),
]

LIMIT = 2  # seconds without a sign of life


def answered(url, headers=None, timeout=0.5):
    """Ask on a new connection; returns whether there was an answer in time."""
    try:
        return requests.get(url, headers=headers, timeout=timeout).status_code == 200
    except requests.RequestException:
        return False


def test_one_of_two_is_replaced(ann, openai, stub):
    if connection.vendor != "postgresql" or not shutil.which("redis-server"):
        pytest.skip("several workers need PostgreSQL and Redis")
    port = free_port()
    url, headers = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {login()['access']}"}
    with (
        redis_server() as redis,
        serve(port, "--workers", "2", REDIS_URL=redis.url, WORKER_TIMEOUT=str(LIMIT)) as server,
    ):
        wait_for(f"{url}/health/live")
        before = worker_pids(server.pid)
        time.sleep(1)  # until both have given a sign of life
        os.kill(before[0], signal.SIGSTOP)
        stopped, failures = time.monotonic(), []
        while time.monotonic() - stopped < LIMIT + 6:
            asked = time.monotonic()
            if not answered(f"{url}/api/v1/conversations", headers):
                failures.append(asked - stopped)
        assert failures  # the attack hit
        assert max(failures) < LIMIT + 4
        after = worker_pids(server.pid)
        assert len(after) == 2
        assert before[1] in after
        assert before[0] not in after


def test_the_only_one_is_replaced_and_its_streams_are_kept(ann, openai, stub):
    port = free_port()
    url, headers = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {login()['access']}"}
    more = {"OPENAI_BASE_URL": stub.openai_url, "OPENAI_API_KEY": "sk-test", "WORKER_TIMEOUT": str(LIMIT)}
    with serve(port, **more) as server:
        wait_for(f"{url}/health/live")
        [before] = worker_pids(server.pid)
        body = {"provider": "openai", "model": "stub?delay=0.1&chunks=600", "message": "one two"}
        with requests.post(f"{url}/api/v1/chat/stream", json=body, headers=headers, stream=True, timeout=30) as answer:
            lines = answer.iter_lines()
            while b"chunk" not in next(lines):
                pass
            time.sleep(1)
            os.kill(before, signal.SIGSTOP)
            with pytest.raises(requests.RequestException):
                list(lines)
        assert eventually(lambda: answered(f"{url}/health/live"), seconds=20)
        [after] = worker_pids(server.pid)
        assert after != before
        # What a killed worker had asked is kept, and the conversation goes on.
        [row] = Conversation.objects.all()
        assert (row.message_count, Message.objects.get().role) == (1, "user")
        chat = {"model": "stub", "message": "again", "conversation_id": str(row.pk), "provider": "openai"}
        assert requests.post(f"{url}/api/v1/chat", json=chat, headers=headers, timeout=30).status_code == 200


def test_a_server_that_was_asleep_replaces_nobody(ann):
    port = free_port()
    with serve(port, WORKER_TIMEOUT=str(LIMIT)) as server:
        wait_for(f"http://127.0.0.1:{port}/health/live")
        before = worker_pids(server.pid)
        time.sleep(1)
        everybody = [server.pid, *before]
        for pid in everybody:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(LIMIT + 1)
        for pid in everybody:  # the parent first: it wakes before its worker can give a sign of life
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.2)
        time.sleep(LIMIT + 1)
        assert worker_pids(server.pid) == before
        assert answered(f"http://127.0.0.1:{port}/health/live")
