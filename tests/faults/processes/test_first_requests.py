"""The first requests of a fresh worker, all at once: none depends on which of them comes first."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from django.test import Client

from perf.benchmarks.processes import free_port, wait_for
from tests.helpers import conversation, login
from tests.security.routes import all_routes, path_of
from tests.servers import serve

pytestmark = pytest.mark.django_db(transaction=True)

NONE = "00000000-0000-0000-0000-000000000001"
SCHEMA = 6  # requests for it


def answers(base, paths, headers):
    """Ask for all paths at the same moment; the statuses by path."""
    barrier = threading.Barrier(len(paths))

    def ask(path):
        barrier.wait(20)
        with requests.get(base + path, headers=headers, timeout=60, allow_redirects=False, stream=True) as response:
            return path, response.status_code

    with ThreadPoolExecutor(len(paths)) as threads:
        return Counter(threads.map(ask, paths))


def every_path(row):
    values = {
        "pk": row.pk,
        "provider": "echo",
        "model_id": "echo-fast",
        "fingerprint": "0",
        "name": "echo/echo-fast",
        "digest": "0",
        "token": "0",
        "response_id": "resp_0",
    }
    values |= {"object_id": NONE, "content_type_id": 1, "id": 1, "app_label": "auth"}
    routes = {route for route, _ in all_routes() if "(" not in route}
    return sorted({path_of(route, **values) for route in routes})


def test_all_get_routes_at_once(staff, echo):
    staff.is_superuser = True
    staff.save()
    browser = Client()
    browser.force_login(staff)
    headers = {
        "Authorization": f"Bearer {login('staff')['access']}",
        "Cookie": f"sessionid={browser.cookies['sessionid'].value}",
    }
    paths = [*every_path(conversation(staff, messages=2)), *["/api/schema"] * SCHEMA]
    port = free_port()
    with serve(port):
        base = f"http://127.0.0.1:{port}"
        wait_for(f"{base}/health/live")
        first, second = answers(base, paths, headers), answers(base, paths, headers)
    assert len(paths) > 80
    assert first["/api/schema", 200] == SCHEMA + 1
    assert {answer for answer in first if answer[1] >= 500} == set()
    assert first == second
