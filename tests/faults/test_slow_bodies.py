"""Clients that declare a body and do not send it: none of them is waited for long, and nobody waits for them."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from perf.benchmarks.processes import free_port, wait_for, workers
from perf.benchmarks.slow_clients import head, run_slow_clients, slow_clients
from tests.helpers import PASSWORD
from tests.servers import serve

pytestmark = pytest.mark.django_db(transaction=True)

LOGIN, CREDENTIALS = "/api/v1/auth/login", {"username": "ann", "password": PASSWORD}
# With so few threads only one may wait for a connection, so each login has one of its own.
FEW = {"SERVE_THREADS": "33", "REQUEST_BODY_TIMEOUT": "1", "DB_POOL_MIN_SIZE": "20", "DB_POOL_MAX_SIZE": "20"}


@pytest.fixture(scope="module")
def server(django_db_setup, django_db_blocker):
    port = free_port()
    with django_db_blocker.unblock(), serve(port, **FEW) as process:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/health/live")
        yield url, process.pid


@pytest.fixture
def url(server):
    return server[0]


def begin(url, method, path, *, more="Content-Length: 50", start=b"{"):
    """Send the head of a request and the start of its body."""
    host, port = url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=10)
    lines = (f"{method} {path} HTTP/1.1", f"Host: {host}", "Content-Type: application/json", more, "", "")
    connection.sendall("\r\n".join(lines).encode() + start)
    return connection


def rest(connection):
    """Read until the server closes; returns all, and the seconds until the first byte and until the end."""
    start, received, first = time.monotonic(), b"", None
    while part := connection.recv(65_536):
        first = first or time.monotonic() - start
        received += part
    connection.close()
    return received, first, time.monotonic() - start


@pytest.mark.parametrize("more", ["Content-Length: 50", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("start", [b"", b"1\r\n{\r\n"], ids=["silent", "begun"])
def test_a_body_that_does_not_come_is_408_and_the_end(url, more, start):
    answer, first, end = rest(begin(url, "POST", LOGIN, more=more, start=start))
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout")
    assert b'"error":"request_timeout"' in answer.replace(b'": "', b'":"')
    assert b"connection: close" in answer.lower()
    assert b"x-request-id" in answer.lower()
    assert 1 <= first < 2
    assert end < 4


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/api/v1/nothing", 404),
        ("POST", "/nothing", 404),
        ("POST", "/api/v1/chat", 401),
        ("PATCH", "/api/v1/models", 405),
        ("GET", "/health/live", 200),
        ("GET", LOGIN, 405),
        ("PUT", LOGIN, 405),
    ],
)
@pytest.mark.parametrize("more", ["Content-Length: 50", "Transfer-Encoding: chunked"])
def test_what_needs_no_body_does_not_wait_for_one(url, method, path, status, more):
    connection = begin(url, method, path, more=more, start=b"")
    assert int(connection.recv(65_536)[9:12]) == status  # it would be 408 after a wait
    connection.close()


def test_a_body_declared_too_large_is_413_at_once(url):
    connection = begin(url, "POST", LOGIN, more="Content-Length: 3000000")
    assert b"413" in connection.recv(65_536)[:12]  # it would be 408 after a wait
    connection.close()


def test_who_sends_too_much_at_once_reads_why(url):
    answer = requests.post(url + LOGIN, data=b"x" * 3_000_000, headers={"Content-Type": "application/json"}, timeout=9)
    assert (answer.status_code, answer.json()["error"]) == (413, "request_too_large")


def test_a_slow_body_that_is_fast_enough_is_read(url, ann):
    body = b'{"username": "ann", "password": "correct horse battery"}'
    connection = begin(url, "POST", LOGIN, more=f"Content-Length: {len(body)}\r\nConnection: close", start=b"")
    for place in range(0, len(body), 8):
        connection.sendall(body[place : place + 8])
        time.sleep(0.08)
    assert rest(connection)[0].startswith(b"HTTP/1.1 200")


def test_many_of_them_stop_nobody(server, ann):
    url, pid = server
    heads = [
        head(url, "POST", LOGIN, chunked=False),
        head(url, "POST", LOGIN, chunked=True),
        head(url, "POST", "/api/v1/nothing", chunked=True),
    ]
    with slow_clients(url, heads, clients=120, seconds=6, pause=0.5):
        time.sleep(2)
        times = []
        for path in ["/health/live", "/api/v1/models"] * 20:
            start = time.monotonic()
            assert requests.get(url + path, timeout=5).status_code == 200
            times.append(time.monotonic() - start)
        start = time.monotonic()
        assert requests.post(url + LOGIN, json=CREDENTIALS, timeout=5).status_code == 200
        assert time.monotonic() - start < 5
        assert sorted(times)[-2] < 1
        (worker,) = workers(pid)
        threads = len(list(Path(f"/proc/{worker.pid}/task").iterdir()))
        assert threads < 33 + 2 * 4 * 33 + 30
    result = run_slow_clients(
        url, heads[:2], clients=10, seconds=3, pause=None
    )  # they say nothing after their first byte
    assert result.statuses.keys() == {408}
    assert result.closed >= 10
    with ThreadPoolExecutor(20) as threads:
        answers = threads.map(lambda _: requests.post(url + LOGIN, json=CREDENTIALS, timeout=20), range(20))
    assert {answer.status_code for answer in answers} == {200}
