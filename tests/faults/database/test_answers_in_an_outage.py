"""A database that is away when answers are to be stored: they are stored when it is back, once."""

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from urllib.parse import urlsplit

import psycopg
import pytest
import requests
from django.db import connection

from conversations.models import Conversation, Message
from perf.benchmarks.processes import free_port, manage, wait_for
from perf.benchmarks.services import NoPostgreSQL, postgresql_server
from tests.helpers import eventually, login, process_environment
from tests.servers import serve

pytestmark = pytest.mark.django_db(transaction=True)

STREAMS, OTHERS, AWAY = 20, 3, 1.5  # requests of each kind, and seconds without the database
ACCOUNT = {"username": "ann", "password": "correct horse battery"}
SLOW = {"provider": "openai", "model": "stub?first=1.5"}  # ends when the database has gone
BODIES = {
    "chat/stream": {**SLOW, "message": "hello you there"},
    "chat": {**SLOW, "message": "hello you there"},
    "compare": {"prompt": "?", "models": [SLOW] * 2},
    "compare/stream": {"prompt": "?", "models": [SLOW] * 2},
}


@pytest.fixture(autouse=True)
def on_postgresql():
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL can be away")


def last_event(answer):
    lines = [line for line in answer.iter_lines() if line.startswith(b"data: ")]
    return json.loads(lines[-1].removeprefix(b"data: "))


def test_answers_that_end_while_it_is_away(stub):
    try:
        with postgresql_server() as own:
            outage(own, stub)
    except NoPostgreSQL as reason:
        pytest.skip(str(reason))


def outage(own, stub):
    environment = process_environment(
        DATABASE_URL=own.url,
        OPENAI_BASE_URL=stub.openai_url,
        OPENAI_API_KEY="sk-test",
        ALLOW_OPEN_REGISTRATION="true",
        ANSWER_STORE_SECONDS="20",
    )
    manage("migrate", "--verbosity=0", environment=environment)
    manage("sync_models", "--offline", environment=environment)
    port = free_port()
    url = f"http://127.0.0.1:{port}/api/v1"
    paths = ["chat/stream"] * STREAMS + ["chat", "compare", "compare/stream"] * OTHERS
    with serve(port, **environment), ThreadPoolExecutor(len(paths) + 1) as threads:
        wait_for(f"http://127.0.0.1:{port}/health/live")
        requests.post(f"{url}/auth/register", json=ACCOUNT, timeout=30)
        access = requests.post(f"{url}/auth/login", json=ACCOUNT, timeout=30).json()["access"]
        headers = {"Authorization": f"Bearer {access}"}

        def ask(path):
            with requests.post(f"{url}/{path}", json=BODIES[path], headers=headers, stream=True, timeout=60) as answer:
                if path.endswith("stream"):
                    return last_event(answer)["event"]
                return answer.status_code

        judged = requests.post(f"{url}/compare", json=BODIES["compare"], headers=headers, timeout=60).json()["id"]
        before = len(stub.requests)
        asked = [threads.submit(ask, path) for path in paths]
        asked.append(threads.submit(requests.post, f"{url}/comparisons/{judged}/analyze", json=SLOW, headers=headers))
        assert eventually(lambda: len(stub.requests) - before >= len(paths) + 2 * OTHERS + 1, seconds=20)
        own.stop()
        time.sleep(AWAY)
        own.start()
        analysis = asked.pop().result()
        assert [each.result() for each in asked] == ["done"] * STREAMS + [200, 200, "done"] * OTHERS
        assert analysis.json()["analysis"]
    with psycopg.connect(own.url) as server:
        rows = server.execute("SELECT role, status, count(*) FROM conversations_message GROUP BY 1, 2").fetchall()
        counts = server.execute("SELECT message_count, count(*) FROM conversations_conversation GROUP BY 1").fetchall()
        results = server.execute("SELECT count(*) FROM conversations_comparisonresult WHERE error = ''").fetchone()
        stored = server.execute("SELECT analysis FROM conversations_comparison WHERE id = %s", [judged]).fetchone()
    chats = STREAMS + OTHERS
    assert sorted(rows) == [("assistant", "complete", chats), ("user", "complete", chats)]
    assert counts == [(2, chats)]
    assert results == (2 * (2 * OTHERS + 1),)
    assert stored == (analysis.json()["analysis"],)


class Proxy:
    """Passes bytes on to a server; once armed, the next COMMIT reaches it and its answer reaches nobody."""

    def __init__(self, host, port):
        self.target, self.armed, self.cuts = (host, port), False, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(self.target)
                threading.Thread(target=self.carry, args=(client, server, True), daemon=True).start()
                threading.Thread(target=self.carry, args=(server, client, False), daemon=True).start()

    def carry(self, source, target, watched):
        with suppress(OSError):
            while data := source.recv(65536):
                if watched and self.armed and b"COMMIT" in data:
                    self.armed, self.cuts = False, self.cuts + 1
                    source.shutdown(socket.SHUT_RDWR)
                    target.sendall(data)
                    time.sleep(0.2)
                    break
                target.sendall(data)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)  # wakes whoever reads it, which closing does not
            each.close()


def test_a_commit_whose_answer_is_lost_counts_once(ann, openai, stub):
    environment = process_environment(OPENAI_BASE_URL=stub.openai_url, OPENAI_API_KEY="sk-test")
    there = urlsplit(environment["DATABASE_URL"])
    proxy = Proxy(there.hostname, there.port)
    through = there._replace(netloc=f"{there.username}@127.0.0.1:{proxy.port}").geturl()
    port = free_port()
    url, headers = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {login()['access']}", "Idempotency-Key": "k"}
    with serve(port, **{**environment, "DATABASE_URL": through}), ThreadPoolExecutor(1) as thread:
        wait_for(f"{url}/health/live")
        asked = thread.submit(requests.post, f"{url}/api/v1/chat", json=BODIES["chat"], headers=headers, timeout=60)
        assert eventually(lambda: len(stub.requests) == 1, seconds=20)
        proxy.armed = True
        answer = asked.result()
        again = requests.post(f"{url}/api/v1/chat", json=BODIES["chat"], headers=headers, timeout=60)
    proxy.listener.close()
    assert (proxy.cuts, answer.status_code) == (1, 200)
    assert list(Message.objects.filter(role="assistant").values_list("pk", flat=True)) == [
        Message.objects.get(pk=answer.json()["message"]["id"]).pk
    ]
    assert Conversation.objects.get().message_count == Message.objects.count() == 2
    assert (again.json(), len(stub.requests)) == (answer.json(), 1)
