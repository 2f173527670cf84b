"""A table that somebody locks for long: requests are refused in time, all at once, and what is cached goes on."""

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import psycopg
import pytest
import requests
from django.db import connection

from conversations.models import Conversation, Message
from perf.benchmarks.processes import free_port, wait_for
from tests.helpers import conversation, error, login
from tests.servers import serve

pytestmark = pytest.mark.django_db(transaction=True)

BUSY = error("database_busy", "The database is busy; try again in a moment.")
LIMIT, LOCKED = 2, 8.0  # seconds: DB_LOCK_TIMEOUT, and for how long the table is locked
SOON = LIMIT + 4  # seconds, on a machine with other things to do; alone it is half of that
WRITERS, READERS = 50, 16
URL = "/api/v1/conversations"


ON_POSTGRESQL = pytest.mark.skipif(connection.vendor != "postgresql", reason="only PostgreSQL locks tables")
ON_SQLITE = pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite has one lock for all writers")


@contextmanager
def locked(*tables):
    parameters = {**connection.get_connection_params()}
    for name in ("cursor_factory", "context", "prepare_threshold"):
        parameters.pop(name, None)
    with psycopg.connect(**parameters) as own:
        own.execute(f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE")
        yield


class Client:
    """A user with several threads; `calls` are (seconds, status, answer) of what was asked since `since`."""

    def __init__(self, url, name):
        self.url, self.calls, self.own, self.since = url, [], threading.local(), 0.0
        self.headers = {"Authorization": f"Bearer {login(name)['access']}"}

    def ask(self, method, path, **body):
        begin = time.monotonic()
        self.own.session = getattr(self.own, "session", None) or requests.Session()
        answer = self.own.session.request(method, f"{self.url}{path}", headers=self.headers, timeout=60, **body)
        if begin >= self.since:
            self.calls.append((time.monotonic() - begin, answer.status_code, answer))
        return answer


@ON_POSTGRESQL
def test_requests_are_refused_in_time_and_cached_lists_go_on(ann, bob, openai, stub):
    conversation(bob, messages=2)
    port, over = free_port(), threading.Event()
    url = f"http://127.0.0.1:{port}"
    more = {
        "OPENAI_BASE_URL": stub.openai_url,
        "OPENAI_API_KEY": "sk-test",
        "DB_LOCK_TIMEOUT": str(LIMIT),
        "ANSWER_STORE_SECONDS": "15",
    }
    hello = {"provider": "openai", "model": "stub", "message": "hello you there"}
    writers, readers = [Client(url, "ann") for _ in range(4)], [Client(url, "bob") for _ in range(2)]
    kept = []

    def write(number):
        client = writers[number % 4]
        while not over.is_set():
            if number % 2:
                answer = client.ask("POST", "/api/v1/chat", json=hello)
                if answer.status_code == 200:
                    kept.append(answer.json()["message"]["id"])
            else:
                client.ask("GET", f"{URL}?search=word{number}")
            time.sleep(0.05)

    def read(number):
        while not over.is_set():
            readers[number % 2].ask("GET", URL)
            time.sleep(0.02)

    with serve(port, DB_POOL_MAX_SIZE="10", **more), ThreadPoolExecutor(WRITERS + READERS) as threads:
        wait_for(f"{url}/health/live")
        for reader in readers:
            reader.ask("GET", URL)
        assert writers[0].ask("POST", "/api/v1/chat", json=hello).status_code == 200  # loads the provider's library
        kept.append(writers[0].calls[0][2].json()["message"]["id"])
        done = [threads.submit(write, number) for number in range(WRITERS)]
        time.sleep(0.5)
        with locked("conversations_conversation"):
            for client in writers:  # answers whose storing meets the lock are tried again, for longer
                client.since = time.monotonic()
            done += [threads.submit(read, number) for number in range(READERS)]
            time.sleep(LOCKED)
        unlocked = time.monotonic()
        time.sleep(1)
        over.set()
        for each in done:
            each.result()
        drained = time.monotonic() - unlocked
    calls = [call for client in writers for call in client.calls]
    assert {status for _, status, _ in calls} == {200, 503}
    assert max(seconds for seconds, _, _ in calls) < SOON
    refused = [answer for _, status, answer in calls if status == 503]
    assert len(refused) >= WRITERS
    assert all((answer.json(), answer.headers["Retry-After"]) == (BUSY, "1") for answer in refused)
    cached = sorted(seconds for client in readers for seconds, status, _ in client.calls if status == 200)
    assert len(cached) == sum(len(client.calls) for client in readers)
    assert cached[len(cached) * 99 // 100] < 1
    assert drained < SOON
    # Nothing that was acknowledged is lost, and of what was refused nothing is left.
    stored = Message.objects.filter(role="assistant", conversation__user=ann).values_list("pk", flat=True)
    assert {str(pk) for pk in stored} == set(kept)
    assert set(Conversation.objects.filter(user=ann).values_list("message_count", flat=True)) == {2}


@ON_POSTGRESQL
def test_health_does_not_wait_for_the_table_of_migrations(staff, ann):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    client = Client(url, "staff")
    with serve(port):
        wait_for(f"{url}/health/live")
        assert client.ask("GET", "/health").json()["status"] == "ok"
        with locked("django_migrations"):
            for _ in range(20):
                assert client.ask("GET", "/health").json()["status"] == "ok"
            detailed = client.ask("GET", "/api/v1/admin/health/detailed").json()
    assert detailed["database"]["connected"] is True
    assert detailed["pending_migrations"] is None
    assert max(seconds for seconds, _, _ in client.calls) < SOON
    assert sorted(seconds for seconds, _, _ in client.calls)[10] < 1


@ON_SQLITE
def test_another_writer_is_not_waited_for_long(ann, echo):
    conversation(ann, messages=2)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    client, hello = Client(url, "ann"), {"provider": "echo", "model": "echo-fast", "message": "hello"}
    with serve(port, DB_LOCK_TIMEOUT="1"), ThreadPoolExecutor(12) as threads:
        wait_for(f"{url}/health/live")
        assert client.ask("GET", f"{URL}?search=word").status_code == 200
        with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            chats = [threads.submit(client.ask, "POST", "/api/v1/chat", json=hello) for _ in range(8)]
            lists = [threads.submit(client.ask, "GET", f"{URL}?search=word{number}") for number in range(4)]
            answers = [each.result() for each in chats]
            assert {each.result().status_code for each in lists} == {200}
            assert client.ask("GET", "/health").json()["status"] == "ok"
            other.execute("ROLLBACK")
        assert client.ask("POST", "/api/v1/chat", json=hello).status_code == 200
    assert {(each.status_code, each.headers.get("Retry-After")) for each in answers} == {(503, "1")}
    assert all(each.json() == BUSY for each in answers)
    assert max(seconds for seconds, _, _ in client.calls) < 10  # without a limit it is 20
