"""The server while its database is exhausted, frozen, stopped and back, each in processes of their own."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import psycopg
import pytest
import requests
from django.db import connection, transaction

from conversations.models import Conversation
from llmselect_project.accounts.sessions import start_session
from perf.benchmarks.processes import free_port, manage, wait_for
from perf.benchmarks.services import NoPostgreSQL, postgresql_server
from tests.helpers import conversation, error, eventually, process_environment
from tests.llmselect_project.test_serve import serve

pytestmark = pytest.mark.django_db(transaction=True)

BUSY = error("database_busy", "The database is busy; try again in a moment.")
UNAVAILABLE = error("database_unavailable", "The database is not available; try again in a moment.")
SOON = 6  # seconds, on a machine with other things to do; the limits themselves are 1 to 2 s


@pytest.fixture(autouse=True)
def on_postgresql():
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has a pool")


def timed(get):
    begin = time.monotonic()
    return get(), time.monotonic() - begin


def test_an_exhausted_pool_answers_busy_and_health_goes_on(ann):
    conversation(ann)
    port = free_port()
    url, headers = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {start_session(user=ann).access}"}

    def search():
        return requests.get(f"{url}/api/v1/conversations?search=a", headers=headers, timeout=60)

    sizes = {"DB_POOL_MIN_SIZE": "1", "DB_POOL_MAX_SIZE": "1", "DB_POOL_TIMEOUT": "1"}
    with serve(port, **sizes), ThreadPoolExecutor(4) as threads:
        wait_for(f"{url}/health/live")
        assert search().status_code == 200
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("LOCK TABLE conversations_conversation IN ACCESS EXCLUSIVE MODE")
            holder = threads.submit(search)
            assert eventually(lambda: requests.get(f"{url}/health", timeout=9).json()["database"]["checked_out"] == 1)
            refused, took = timed(search)
            health, waited = timed(lambda: requests.get(f"{url}/health", timeout=60))
        assert (refused.status_code, refused.json(), refused.headers["Retry-After"]) == (503, BUSY, "1")
        assert took < SOON
        assert (health.status_code, health.json()["database"]) == (
            200,
            {"connected": True, "pool_size": 1, "checked_out": 1},
        )
        assert waited < SOON
        assert holder.result().status_code == 200
        assert search().status_code == 200


@pytest.fixture(scope="module")
def own_database():
    try:
        with postgresql_server() as made:
            manage("migrate", "--verbosity=0", environment=process_environment(DATABASE_URL=made.url))
            yield made
    except NoPostgreSQL as reason:
        pytest.skip(str(reason))


def test_frozen_stopped_and_back(own_database):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    more = {"DATABASE_URL": own_database.url, "DB_POOL_MIN_SIZE": "4", "DB_POOL_MAX_SIZE": "8"}

    def health():
        return requests.get(f"{url}/health", timeout=60)

    def model():  # always asks the database, which has none
        return requests.get(f"{url}/api/v1/models/no/such", timeout=60)

    with serve(port, **more), ThreadPoolExecutor(16) as threads:
        wait_for(f"{url}/health/live")
        assert model().status_code == 404
        own_database.freeze()
        try:
            answer, took = timed(health)
        finally:
            own_database.thaw()
        assert (answer.status_code, answer.json()["status"], answer.json()["database"]["connected"]) == (
            503,
            "error",
            False,
        )
        assert took < SOON
        assert eventually(lambda: health().status_code == 200, seconds=10)
        own_database.stop()
        assert eventually(lambda: model().status_code == 503)
        refused, took = timed(model)
        assert (refused.status_code, refused.json(), refused.headers["Retry-After"]) == (503, UNAVAILABLE, "5")
        assert took < SOON  # not DB_POOL_TIMEOUT, which is 10 s
        assert health().json()["database"]["connected"] is False
        assert requests.get(f"{url}/health/live", timeout=5).json() == {"status": "ok"}
        own_database.start()
        assert eventually(lambda: model().status_code == 404, seconds=10)
        assert {answer.status_code for answer in threads.map(lambda _: model(), range(100))} == {404}
        assert eventually(lambda: health().json()["database"]["checked_out"] == 0)
        assert 4 <= health().json()["database"]["pool_size"] <= 8
        assert health().json()["status"] == "ok"


def test_connections_that_others_have_taken(own_database):
    """Every connection that the database has is somebody else's, but for the one that the pool keeps."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    more = {"DATABASE_URL": own_database.url, "DB_POOL_MIN_SIZE": "1", "DB_POOL_MAX_SIZE": "8", "DB_POOL_TIMEOUT": "1"}

    def model(_=None):  # always asks the database, which has none
        return requests.get(f"{url}/api/v1/models/no/such", timeout=60).status_code

    with serve(port, **more), ThreadPoolExecutor(16) as threads:
        wait_for(f"{url}/health/live")
        assert model() == 404
        with ExitStack() as others:
            with suppress(psycopg.OperationalError):  # sorry, too many clients already
                while True:
                    others.enter_context(psycopg.connect(own_database.url))
            assert set(threads.map(model, range(16))) <= {404, 503}
            assert requests.get(f"{url}/health/live", timeout=5).status_code == 200
        assert eventually(lambda: set(threads.map(model, range(16))) == {404}, seconds=5)
        assert eventually(lambda: requests.get(f"{url}/health", timeout=9).json()["database"]["checked_out"] == 0)


def test_connections_that_are_ended_under_load(ann, openai):
    """What was acknowledged is there, what was not is refused with a code, and all is well once it is over."""
    port = free_port()
    url, headers = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {start_session(user=ann).access}"}
    body = {"provider": "openai", "model": "stub"}

    def create(_=None):
        return requests.post(f"{url}/api/v1/conversations", json=body, headers=headers, timeout=30)

    with serve(port, DB_POOL_MIN_SIZE="4", DB_POOL_MAX_SIZE="8"), ThreadPoolExecutor(8) as threads:
        wait_for(f"{url}/health/live")
        assert create().status_code == 201
        answers = [threads.submit(create) for _ in range(200)]
        while not all(answer.done() for answer in answers):
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
        told = [answer.result() for answer in answers]
        assert {answer.status_code for answer in told} <= {201, 503}
        assert {answer.json()["error"] for answer in told if answer.status_code == 503} <= {
            "database_unavailable",
            "database_busy",
        }
        kept = {answer.json()["id"] for answer in told if answer.status_code == 201}
        assert kept <= {str(pk) for pk in Conversation.objects.values_list("pk", flat=True)}
        assert eventually(
            lambda: {each.status_code for each in threads.map(create, range(8))} == {201}, seconds=15
        )  # alone it is at once
        assert eventually(lambda: requests.get(f"{url}/health", timeout=9).json()["database"]["checked_out"] == 0)
