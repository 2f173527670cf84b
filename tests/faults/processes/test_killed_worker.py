"""A worker killed between commit and invalidation: after its restart nothing stale is left."""

import os
import shutil

import httpx2
import pytest

from conversations.benchmarks.fixture import deployment
from perf.benchmarks.cases import Options
from perf.benchmarks.processes import workers
from perf.benchmarks.services import redis_server
from tests.helpers import eventually

pytestmark = pytest.mark.skipif(shutil.which("redis-server") is None, reason="needs redis-server")


def titles(client):
    response = client.get("/conversations")
    return [row["title"] for row in response.raise_for_status().json()["results"]], response.headers["X-Cache"]


def answers(client):
    try:
        return client.get("/models").status_code == 200
    except httpx2.HTTPError:
        return False


def test_a_restarted_worker_starts_cold():
    with (
        redis_server() as redis,
        deployment(Options(os.environ.get("DATABASE_URL"), redis.url), provider=False) as site,
    ):
        headers = site.log_in()
        with site.client(headers) as client:
            body = {"provider": "openai", "model": "stub", "title": "old"}
            row = client.post("/conversations", json=body).raise_for_status().json()
            titles(client)
            assert titles(client) == (["old"], "hit")
            redis.freeze()  # so that the invalidation cannot be delivered
            client.patch(f"/conversations/{row['id']}", json={"title": "new"}).raise_for_status()
            before = workers(site.pid)
            assert before
            for worker in before:
                worker.kill()
            redis.thaw()
        with site.client(headers) as client:
            assert eventually(lambda: set(workers(site.pid)).isdisjoint(before) and answers(client), seconds=20)
            assert titles(client) == (["new"], "miss")
