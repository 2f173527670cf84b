"""A database that can be read and not written: health says so, staff see why, and the log stays short."""

import json
import resource
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import requests
from django.conf import settings as configured
from django.db import connection

from models_registry.models import Provider
from perf.benchmarks.processes import free_port, wait_for
from perf.db import failures
from tests.faults.database.test_database import HELLO, LARGE, ON_SQLITE, full, read_only
from tests.helpers import client_for, login, process_environment
from tests.servers import worker_pids

pytestmark = pytest.mark.django_db(transaction=True)

DETAILED = "/api/v1/admin/health/detailed"
WRITES = 200
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


@pytest.fixture
def health(visitor, staff):
    """Return a function that tells the status, whether the database can be written, and why not."""
    client = client_for(staff)

    def found():
        # Staff ask anew; what everybody sees may be some seconds old.
        detailed, short = client.get(DETAILED), visitor.get("/health")
        assert (short.status_code, detailed.status_code) == (200, 200)
        assert set(short.json()["database"]) == {"connected", "pool_size", "checked_out"}
        assert short.json()["status"] == detailed.json()["status"]
        database = detailed.json()["database"]
        return detailed.json()["status"], database["writable"], database["error"]

    assert found() == ("ok", True, None)
    return found


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite's is a connection's own")
def test_a_read_only_database_is_found_though_nobody_writes(health):
    with read_only():
        status, writable, why = health()
    assert (status, writable) == ("degraded", False)
    assert why == "cannot execute INSERT in a read-only transaction"
    assert health() == ("ok", True, None)


@ON_SQLITE
def test_a_write_that_fails_is_noticed(health, api, openai, monkeypatch):
    with full():
        assert api.post("/api/v1/chat", {**HELLO, **LARGE}).status_code == 503
    assert health() == ("degraded", False, "database or disk is full")
    monkeypatch.setattr(failures, "REMEMBERED", 0.0)
    assert health() == ("ok", True, None)


def test_a_lock_is_no_failure(health, api):
    failures.note(connection.Database.OperationalError("database is locked"))
    assert health() == ("ok", True, None)


@contextmanager
def server_with_a_log(port, **more):
    """Serve on the tests' database; yields the process and the list of what it logs."""
    command = [sys.executable, str(configured.BASE_DIR / "manage.py"), "serve", "--port", str(port)]
    process = subprocess.Popen(
        command, env=process_environment(**more), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(process.stderr))
    reader.start()
    try:
        yield process, lines
    finally:
        process.terminate()
        process.wait()
        reader.join()
        process.stderr.close()


@ON_SQLITE
@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits files of a running process")
def test_every_write_of_a_server_fails(staff):
    """The worker may make no file longer, as on a full disk."""
    port = free_port()
    url, headers = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {login('staff')['access']}"}
    body = {"provider": "echo", "model": "echo-fast"}

    def write(_):
        return requests.post(f"{url}/api/v1/conversations", json=body, headers=headers, timeout=30).status_code

    def health():
        detailed = requests.get(f"{url}{DETAILED}", headers=headers, timeout=30).json()
        return requests.get(f"{url}/health", timeout=30), detailed["database"]

    Provider.objects.create(slug="echo", name="Echo", kind="echo", requires_key=False)
    with server_with_a_log(port) as (process, lines), ThreadPoolExecutor(8) as threads:
        wait_for(f"{url}/health/live")
        assert write(0) == 201
        (worker,) = worker_pids(process.pid)
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        assert set(threads.map(write, range(WRITES))) == {503}
        short, database = health()
        resource.prlimit(worker, resource.RLIMIT_FSIZE, UNLIMITED)
        assert write(0) == 201
    assert (short.status_code, short.json()["status"]) == (200, "degraded")
    assert (database["connected"], database["writable"]) == (True, False)
    assert "disk" in database["error"]
    errors = [json.loads(line) for line in lines if '"ERROR"' in line]
    assert {each["message"] for each in errors} <= {"database error", "the write-ahead log cannot be emptied"}
    assert 1 <= len(errors) <= 5
    assert sum(map(len, lines)) < 50_000
