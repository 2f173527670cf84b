"""A worker killed between commit and invalidation: after its restart nothing stale is left."""

import os
import shutil
import signal
from pathlib import Path

import httpx2
import pytest

from conversations.benchmarks.chats import log_in
from conversations.benchmarks.redis_outage import own_redis
from perf.benchmarks.processes import serving
from perf.benchmarks.usage import children, workers
from perf.db.scratch import scratch_url
from tests.helpers import eventually

pytestmark = pytest.mark.skipif(shutil.which("redis-server") is None, reason="needs redis-server")


def started() -> list[int]:
    """Find the workers of the `serve` that is a child of this process."""
    servers = [pid for pid in children(os.getpid()) if b"\0serve\0" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    return [worker for pid in servers for worker in workers(pid)]


def titles(client):
    response = client.get("/conversations")
    return [row["title"] for row in response.raise_for_status().json()["results"]], response.headers["X-Cache"]


def answers(client):
    try:
        return client.get("/models").status_code == 200
    except httpx2.HTTPError:
        return False


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")
def test_a_restarted_worker_starts_cold():
    with (
        scratch_url(os.environ.get("DATABASE_URL")) as database,
        own_redis() as redis,
        serving({"REDIS_URL": redis.url, "DATABASE_URL": database}) as url,
    ):
        with httpx2.Client(base_url=f"{url}/api/v1", headers=log_in(url), timeout=30) as client:
            body = {"provider": "openai", "model": "stub", "title": "old"}
            row = client.post("/conversations", json=body).raise_for_status().json()
            titles(client)
            assert titles(client) == (["old"], "hit")
            redis.stop_answering()  # so that the invalidation cannot be delivered
            client.patch(f"/conversations/{row['id']}", json={"title": "new"}).raise_for_status()
            before = started()
            assert before
            for pid in before:
                os.kill(pid, signal.SIGKILL)
            redis.answer_again()
        with httpx2.Client(base_url=f"{url}/api/v1", headers=client.headers, timeout=30) as client:
            assert eventually(lambda: set(started()).isdisjoint(before) and answers(client), seconds=20)
            assert titles(client) == (["new"], "miss")
