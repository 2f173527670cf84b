"""A token that is revoked, limited or whose user is gone is refused by all workers from the next request on."""

import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from django.contrib.auth.models import User

from llmselect_project.models import ApiToken
from perf.benchmarks.processes import free_port, wait_for
from perf.benchmarks.services import redis_server
from tests.helpers import bearer, conversation, eventually, token_for
from tests.servers import serve

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="needs redis-server"),
]

CONNECTIONS = 40  # new ones, which the system spreads over both workers


@pytest.fixture
def api():
    """Run two workers that cache in a Redis of the test's own; yields the address of their API."""
    port = free_port()
    with redis_server() as redis, serve(port, "--workers", "2", REDIS_URL=redis.url, TIMING_INTERVAL="1"):
        wait_for(f"http://127.0.0.1:{port}/health/live")
        yield f"http://127.0.0.1:{port}/api/v1"


def answers(url, headers):
    """Ask on many connections; the statuses, and how many came from a cache."""

    def ask(_):
        response = requests.get(f"{url}/conversations", headers={**headers, "Connection": "close"}, timeout=10)
        return response.status_code, response.headers.get("X-Cache")

    with ThreadPoolExecutor(4) as threads:
        return Counter(threads.map(ask, range(CONNECTIONS)))


@pytest.mark.parametrize("change", ["revoked", "limited", "deleted"])
def test_all_workers_see_it(ann, staff, api, change):
    conversation(ann)
    token = {"Authorization": f"Bearer {token_for(ann)}"}
    owner, url = bearer("ann"), f"{api}/tokens/{ApiToken.objects.get().pk}"
    for _ in range(3):
        warm = answers(api, token)
    assert warm == {(200, "hit"): CONNECTIONS}
    assert eventually(lambda: ApiToken.objects.get().last_used_at is not None, seconds=10)
    if change == "revoked":
        assert requests.delete(url, headers=owner, timeout=10).status_code == 204
    elif change == "limited":
        assert requests.patch(url, json={"allowed_endpoints": ["chat"]}, headers=owner, timeout=10).status_code == 200
    else:
        assert (
            requests.delete(
                f"{api}/auth/me", json={"password": "correct horse battery"}, headers=owner, timeout=10
            ).status_code
            == 204
        )
        assert not User.objects.filter(username="ann").exists()
    expected = 403 if change == "limited" else 401
    assert answers(api, token) == {(expected, None): CONNECTIONS}
