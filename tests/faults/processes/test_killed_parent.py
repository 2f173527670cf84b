"""`kill -9` of the server's parent process: its workers end what runs and follow, and the port is free at once."""

import errno
import os
import shutil
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
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

STREAMS = 10


@pytest.fixture
def environment(openai, stub):
    """Yield the environment of a server with as many workers as the database and the machine allow."""
    with ExitStack() as stack:
        more = {"OPENAI_BASE_URL": stub.openai_url, "OPENAI_API_KEY": "sk-test"}
        if connection.vendor == "postgresql" and shutil.which("redis-server"):
            more |= {"REDIS_URL": stack.enter_context(redis_server()).url, "SERVE_WORKERS": "2"}
        yield more


@pytest.fixture
def orphans_of():
    """Return a function that gives a server's workers; none of them outlives the test."""
    found = []

    def workers_of(server):
        found.extend(worker_pids(server.pid))
        return found

    yield workers_of
    for pid in filter(alive, found):
        os.kill(pid, signal.SIGKILL)


def refuses(port):
    """Tell whether nobody listens."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED


def alive(pid):
    """Tell whether a process runs; one that has ended and that nobody waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def stream(url, headers, model):
    """Read a stream to whatever end; returns its events."""
    body = {"provider": "openai", "model": model, "message": "one two"}
    with requests.post(f"{url}/api/v1/chat/stream", json=body, headers=headers, stream=True, timeout=60) as answer:
        return [line for line in answer.iter_lines() if line.startswith(b"data")]


@pytest.mark.parametrize(
    ("model", "grace", "last", "stored"),
    [
        ("stub?delay=0.1&chunks=40", "30", b'"event":"done"', ("complete", "one two" * 20)),
        ("stub?delay=0.1&chunks=600", "6", b"The server was stopped.", ("interrupted", None)),
    ],
)
def test_streams_end_workers_follow_and_a_restart_works(ann, environment, orphans_of, stub, model, grace, last, stored):
    port = free_port()
    url, headers = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {login()['access']}"}
    environment |= {"SHUTDOWN_GRACE": grace}
    with serve(port, **environment) as server, ThreadPoolExecutor(STREAMS) as threads:
        wait_for(f"{url}/health/live")
        orphans = orphans_of(server)
        assert len(orphans) == int(environment.get("SERVE_WORKERS", 1))
        streams = [threads.submit(stream, url, headers, model) for _ in range(STREAMS)]
        assert eventually(lambda: len(stub.requests) >= STREAMS, seconds=20)
        server.kill()
        killed = time.monotonic()
        server.wait()
        with serve(port, **environment) as restarted:
            assert eventually(lambda: refuses(port), seconds=5)
            assert time.monotonic() - killed < 3
            assert not any(each.done() for each in streams)  # they go on while nothing new is accepted
            wait_for(f"{url}/health/live")
            for _ in range(20):  # none of which reaches them
                assert requests.get(f"{url}/api/v1/conversations", headers=headers, timeout=5).status_code == 200
            assert set(worker_pids(restarted.pid)).isdisjoint(orphans)
            assert all(last in each.result()[-1] for each in streams)
            assert eventually(lambda: not any(alive(pid) for pid in orphans), seconds=30)
            rows = set(Message.objects.filter(role="assistant").values_list("status", "content"))
            assert {status for status, _ in rows} == {stored[0]}
            assert all(text.startswith("one two") and stored[1] in (None, text) for _, text in rows)
            assert Message.objects.filter(role="assistant").count() == STREAMS
            assert set(Conversation.objects.values_list("message_count", flat=True)) == {2}


def test_a_worker_that_cannot_end_is_ended(ann, environment, orphans_of, stub):
    """A stream whose client reads nothing does not keep an orphan alive for longer than the grace time."""
    port = free_port()
    url, headers = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {login()['access']}"}
    with serve(port, **environment, SHUTDOWN_GRACE="4") as server:
        wait_for(f"{url}/health/live")
        orphans = orphans_of(server)
        body = {"provider": "openai", "model": "stub?size=900000&chunks=9000", "message": "x"}
        answer = requests.post(f"{url}/api/v1/chat/stream", json=body, headers=headers, stream=True, timeout=60)
        killed = time.monotonic()
        server.kill()
        server.wait()
        assert eventually(lambda: not any(alive(pid) for pid in orphans), seconds=30)
        assert time.monotonic() - killed < 20
        answer.close()


def test_nothing_is_left_of_an_idle_server(environment, orphans_of):
    port = free_port()
    with serve(port, **environment) as server:
        wait_for(f"http://127.0.0.1:{port}/health/live")
        orphans = orphans_of(server)
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
        assert eventually(lambda: not any(alive(pid) for pid in orphans), seconds=30)
