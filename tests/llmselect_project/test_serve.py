"""`manage.py serve` as a process of its own, on the tests' database."""

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from django.conf import settings
from django.db import connection

from conversations.models import Message
from perf.benchmarks.processes import free_port, wait_for
from tests.helpers import bearer, conversation, process_environment
from tests.servers import asking, serve

pytestmark = pytest.mark.django_db(transaction=True)


# Dead connections are found one by one, each costing an attempt up to the timeout.
POOL = {"DB_POOL_MIN_SIZE": "2", "DB_POOL_MAX_SIZE": "6", "DB_POOL_TIMEOUT": "1"}


def test_it_answers_and_stops_cleanly():
    port = free_port()
    with serve(port) as process:
        wait_for(f"http://127.0.0.1:{port}/health/live")
        assert requests.get(f"http://127.0.0.1:{port}/health", timeout=5).json()["status"] == "ok"
        assert requests.get(f"http://127.0.0.1:{port}/static/admin/css/base.css", timeout=5).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


def test_a_stream_longer_than_the_grace_time_keeps_what_had_arrived(ann, openai, stub):
    port = free_port()
    headers = bearer()
    body = {"provider": "openai", "model": "stub?delay=0.2&chunks=300", "message": "one two"}
    more = {**asking(stub), "SHUTDOWN_GRACE": "4"}
    with serve(port, **more) as process:
        wait_for(f"http://127.0.0.1:{port}/health/live")
        url = f"http://127.0.0.1:{port}/api/v1/chat/stream"
        with requests.post(url, json=body, headers=headers, stream=True, timeout=30) as response:
            lines = response.iter_lines()
            while b"chunk" not in next(lines):
                pass
            process.send_signal(signal.SIGTERM)
            last = [line for line in lines if line][-1]
        assert process.wait(timeout=10) == 0
    assert b"The server was stopped." in last
    answer = Message.objects.get(role="assistant")
    assert (answer.status, answer.content[:7]) == ("interrupted", "one two")


def test_threads_of_the_command_line_bound_the_streams(ann, openai, stub):
    port = free_port()
    headers = bearer()
    body = {"provider": "openai", "model": "stub?delay=0.2&chunks=20", "message": "one two"}
    more = {**asking(stub), "SERVE_THREADS": "256"}
    with serve(port, "--threads", "34", **more):
        wait_for(f"http://127.0.0.1:{port}/health/live")
        url = f"http://127.0.0.1:{port}/api/v1/chat/stream"
        with ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(requests.post, url, json=body, headers=headers, timeout=30) for _ in range(4)]
        assert sorted(answer.result().status_code for answer in asked) == [200, 200, 503, 503]


def refused(*arguments, **more):
    command = [sys.executable, "manage.py", "serve", *arguments]
    run = subprocess.run(
        command,
        cwd=settings.BASE_DIR,
        env=process_environment(**more),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert run.returncode != 0
    return run.stderr.strip()


def test_a_port_that_is_taken_is_refused():
    port = free_port()
    with serve(port):
        wait_for(f"http://127.0.0.1:{port}/health/live")
        message = refused("--port", str(port))
    said = f"CommandError: Cannot listen on 127.0.0.1:{port}: [Errno 98] Address already in use"
    assert message.startswith(said)
    assert "choose another port: PORT=" in message


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            {"DJANGO_ENV": "production"},
            "LLMSelect is not configured: DJANGO_ENV=production needs ENCRYPTION_KEY, ALLOWED_HOSTS: set them in",
        ),
        ({"PORT": "abc"}, "LLMSelect is not configured: PORT must be a whole number of at least 0, not 'abc'."),
        ({"DATABASE_URL": "mysql://x/y"}, "LLMSelect is not configured: DATABASE_URL must start with"),
        ({"SECURE_SSL_REDIRECT": "ture"}, "LLMSelect is not configured: SECURE_SSL_REDIRECT must be true or false"),
        ({"STREAM_HEARTBEAT": "nan"}, "LLMSelect is not configured: STREAM_HEARTBEAT must be a number of seconds"),
        ({"DATABASE_URL": "postgres://nobody@127.0.0.1:1/x"}, "CommandError: The database does not answer:"),
        ({"REDIS_URL": "", "SERVE_WORKERS": "2"}, "CommandError: 2 workers need a cache that all of them see"),
    ],
)
def test_misconfiguration_is_one_clear_line(more, message):
    # A system check that fails is said in a few lines of Django's own.
    said = refused("--skip-checks", "--port", str(free_port()), **{"PORT": "3044", **more})
    assert said.splitlines()[-1].startswith(message)
    assert "Traceback" not in said


def test_a_cut_off_pool_recovers_and_workers_share_no_connection(ann):
    if connection.vendor != "postgresql":
        pytest.skip("pools and several workers are for PostgreSQL and Redis")
    for number in range(30):
        conversation(ann, title=f"{number}")
    port = free_port()
    headers = bearer()
    with serve(port, "--workers", "2", **POOL):
        wait_for(f"http://127.0.0.1:{port}/health/live")

        def search(_):
            url = f"http://127.0.0.1:{port}/api/v1/conversations?search=1"
            return requests.get(url, headers=headers, timeout=30).status_code

        with ThreadPoolExecutor(16) as pool:
            assert set(pool.map(search, range(300))) == {200}
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
                [connection.settings_dict["NAME"]],
            )
        good, deadline = 0, time.monotonic() + 30
        while good < 20 and time.monotonic() < deadline:
            good = good + 1 if search(0) == 200 else 0
        assert good == 20
