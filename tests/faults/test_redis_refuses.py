"""A Redis that answers reads and refuses writes, and one that a single worker cannot reach.

Two servers share a database. After a second nobody reads what is stale, and who was logged out stays out.
"""

import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager, suppress

import pytest
import requests
from django.conf import settings

from models_registry.models import Provider
from perf.benchmarks.processes import free_port, wait_for
from perf.benchmarks.services import redis_server
from tests.helpers import PASSWORD, eventually, process_environment
from tests.servers import serve

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="needs redis-server"),
]

NOTICED = 1.0  # seconds until every worker has noticed
WATCHED = 0.8  # seconds of reading after that


class Relay:
    """A way to a Redis that can be cut."""

    def __init__(self, port):
        self.target, self.port, self.cut, self.ends = port, free_port(), False, []
        self.door = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def break_off(self):
        self.cut = True
        for end in self.ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.break_off()
        self.door.close()
        for end in self.ends:
            end.close()

    def _accept(self):
        with suppress(OSError):
            while True:
                near, _ = self.door.accept()
                if self.cut:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self.target))
                self.ends += [near, far]
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _pass_on(self, source, sink):
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_RDWR)


class Visit:
    """Ann at one of the servers, with a session of her own."""

    def __init__(self, url, name="ann"):
        self.api, self.root = f"{url}/api/v1", url
        tokens = self.post("/auth/login", {"username": name, "password": PASSWORD}).json()
        self.refresh, self.headers = tokens["refresh"], {"Authorization": f"Bearer {tokens['access']}"}

    def post(self, path, body):
        return requests.post(f"{self.api}{path}", json=body, headers=getattr(self, "headers", None), timeout=10)

    def get(self, path="/conversations", **more):
        return requests.get(f"{self.api}{path}", headers={**self.headers, **more}, timeout=10)

    def titles(self):
        response = self.get()
        assert response.status_code == 200, response.text
        return [row["title"] for row in response.json()["results"]]

    def rename(self, pk, title):
        body = {"title": title}
        response = requests.patch(f"{self.api}/conversations/{pk}", json=body, headers=self.headers, timeout=10)
        assert response.status_code == 200


@contextmanager
def two_servers(redis_url, other_redis_url=None):
    with ExitStack() as stack:
        urls = []
        for url in (redis_url, other_redis_url or redis_url):
            port = free_port()
            environment = {"REDIS_URL": url, "DB_POOL_MIN_SIZE": "1", "DB_POOL_MAX_SIZE": "5"}
            stack.enter_context(serve(port, **environment))
            urls.append(f"http://127.0.0.1:{port}")
        for url in urls:
            wait_for(f"{url}/health/live")
        yield urls


def refuse_to_save(redis):
    redis.client.config_set("save", "3600 1")
    shutil.rmtree(redis.client.config_get("dir")["dir"])
    redis.client.bgsave()
    assert eventually(lambda: redis.client.info("persistence")["rdb_last_bgsave_status"] == "err")


def save_again(redis):
    redis.client.config_set("stop-writes-on-bgsave-error", "no")


FAULTS = {
    "NOREPLICAS": (
        lambda redis: redis.client.config_set("min-replicas-to-write", 1),
        lambda redis: redis.client.config_set("min-replicas-to-write", 0),
    ),
    "READONLY": (
        lambda redis: redis.client.replicaof("127.0.0.1", free_port()),
        lambda redis: redis.client.replicaof("NO", "ONE"),
    ),
    "NOPERM": (
        lambda redis: redis.client.execute_command("ACL", "SETUSER", "default", "-del", "-unlink"),
        lambda redis: redis.client.execute_command("ACL", "SETUSER", "default", "+del", "+unlink"),
    ),
    "MISCONF": (refuse_to_save, save_again),
}


# How the reason that staff see begins; redis-py leaves the code out.
SAID = {"MISCONF": "misconf", "NOREPLICAS": "noreplicas", "READONLY": "you can't write", "NOPERM": "this user has no"}


def changed(here, there, pk, seconds):
    """Rename here and read there for some seconds; returns how many reads there were, and how many were stale."""
    reads = stale = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        title = f"title {time.monotonic()}"
        here.rename(pk, title)
        for _ in range(3):
            reads += 1
            stale += there.titles() != [title]
    return reads, stale


def begin(here, there):
    body = {"provider": "openai", "model": "stub", "title": "first"}
    pk = here.post("/conversations", body).json()["id"]
    assert [there.titles() for _ in range(2)] == [["first"]] * 2
    assert there.get().headers["X-Cache"] == "hit"
    return pk


@pytest.fixture(autouse=True)
def _provider(db):
    Provider.objects.create(slug="openai", name="OpenAI", kind="openai")


def test_refused_writes_leave_nothing_stale(ann, staff):
    with redis_server() as redis, two_servers(redis.url) as (one, two):
        here, there, desk = Visit(one), Visit(two), Visit(two, "staff")
        pk = begin(here, there)
        for fault, (fail, mend) in FAULTS.items():
            leaving = Visit(two)
            assert leaving.get("/auth/me").status_code == 200
            fail(redis)
            here.rename(pk, "while it refuses")
            here.post("/auth/logout", {"refresh": leaving.refresh})
            time.sleep(NOTICED)
            assert (fault, there.titles()) == (fault, ["while it refuses"])
            assert (fault, leaving.get("/auth/me").status_code) == (fault, 401)
            reads, stale = changed(here, there, pk, WATCHED)
            assert (fault, reads > 5, stale) == (fault, True, 0)
            health = requests.get(f"{two}/health", timeout=10).json()
            assert (fault, health["status"], health["database"]["connected"]) == (fault, "degraded", True)
            reason = desk.get("/admin/health/detailed").json()["cache"]["error"]
            assert reason.lower().startswith(SAID[fault]), reason
            mend(redis)
            reads, stale = changed(here, there, pk, WATCHED)
            assert (fault, reads > 5, stale) == (fault, True, 0)
            assert (fault, leaving.get("/auth/me").status_code) == (fault, 401)
            assert eventually(lambda: [there.titles(), there.get().headers["X-Cache"]][1] == "hit")
            assert requests.get(f"{two}/health", timeout=10).json()["status"] == "ok"


def test_a_worker_that_is_cut_off_alone_has_others_deliver(ann, bob):
    with redis_server() as redis, ExitStack() as stack:
        relay = Relay(redis.port)
        stack.callback(relay.close)
        with two_servers(f"redis://127.0.0.1:{relay.port}/0", redis.url) as (one, two):
            here, there, leaving, gone = Visit(one), Visit(two), Visit(two), Visit(two, "bob")
            pk = begin(here, there)
            assert leaving.get("/auth/me").status_code == gone.get("/auth/me").status_code == 200
            relay.break_off()
            here.rename(pk, "cut off")
            here.post("/auth/logout", {"refresh": leaving.refresh})
            deactivate = (
                f"from django.contrib.auth.models import User; User.objects.filter(pk={bob.pk}).update(is_active=False)"
            )
            command = [sys.executable, "manage.py", "shell", "--command", deactivate]
            unreachable = process_environment(REDIS_URL=f"redis://127.0.0.1:{relay.port}/0")
            subprocess.run(command, cwd=settings.BASE_DIR, env=unreachable, check=True, capture_output=True)
            time.sleep(NOTICED)
            assert (there.titles(), there.get().headers["X-Cache"]) == (["cut off"], "hit")
            assert leaving.get("/auth/me").status_code == gone.get("/auth/me").status_code == 401
            for number in range(3):
                here.rename(pk, f"cut off {number}")
                time.sleep(NOTICED)
                assert there.titles() == [f"cut off {number}"]
            there.rename(pk, "by the other")
            assert here.titles() == ["by the other"]
            relay.cut = False
            assert eventually(lambda: [here.titles(), here.get().headers["X-Cache"]][1] == "hit")
            reads, stale = changed(there, here, pk, WATCHED)
            assert (reads > 5, stale) == (True, 0)
