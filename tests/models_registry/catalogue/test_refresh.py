"""The registry keeps itself fresh: in the background, once, and failures are seen by staff."""

import socket
import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from models_registry.catalogue import refresh
from models_registry.models import Provider
from tests.helpers import eventually

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/models"


@pytest.fixture(autouse=True)
def joined():
    yield
    for thread in threading.enumerate():
        if thread.name == "model-refresh":
            thread.join()


def old(provider, **fields):
    fields = {"checked_at": timezone.now() - timedelta(hours=25), "check_started_at": None, **fields}
    Provider.objects.filter(pk=provider.pk).update(**fields)


def asked(stub):
    return [request for request in stub.requests if request.path.endswith("/models")]


def checked_now(provider):
    provider.refresh_from_db()
    return timezone.now() - provider.checked_at < timedelta(minutes=1)


def test_a_list_older_than_a_day_is_refreshed_in_the_background(visitor, openai, stub):
    old(openai)
    assert [row["id"] for row in visitor.get(URL).json()["results"]] == ["stub"]
    assert eventually(lambda: checked_now(openai))
    assert len(asked(stub)) == 1
    visitor.get(URL)
    assert len(asked(stub)) == 1


def test_a_newer_list_is_not_refreshed(visitor, openai, stub):
    visitor.get(URL)
    assert asked(stub) == []


def test_a_provider_without_a_key_is_left_alone(visitor, openai, stub, settings):
    settings.SYSTEM_API_KEYS = {}
    old(openai)
    visitor.get(URL)
    openai.refresh_from_db()
    assert (openai.check_started_at, asked(stub)) == (None, [])


def test_a_disabled_provider_is_left_alone(visitor, openai, stub):
    old(openai, enabled=False)
    visitor.get(URL)
    assert asked(stub) == []


def test_one_of_many_workers_refreshes(openai, stub):
    old(openai)
    now = timezone.now()
    barrier, won = threading.Barrier(8), []

    def worker():
        barrier.wait()
        if refresh._claim("openai", now):
            won.append(1)
        refresh.connection.close()

    threads = [threading.Thread(target=worker) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_a_failure_keeps_the_list_and_is_shown_to_staff(visitor, openai, settings, admin_client):
    settings.PROVIDER_BASE_URLS = {"openai": "http://127.0.0.1:1/v1"}
    old(openai)
    visitor.get(URL)
    assert eventually(lambda: Provider.objects.get(pk=openai.pk).check_error != "")
    assert "stub" in [row["id"] for row in visitor.get(URL).json()["results"]]
    shown = admin_client.get("/admin/models_registry/provider/").content.decode()
    assert Provider.objects.get(pk=openai.pk).check_error[:20] in shown


def test_a_failed_refresh_is_retried_after_an_hour(visitor, openai, stub):
    old(openai, check_started_at=timezone.now() - timedelta(minutes=59))
    visitor.get(URL)
    assert asked(stub) == []
    old(openai, check_started_at=timezone.now() - timedelta(minutes=61))
    visitor.get(URL)
    assert eventually(lambda: checked_now(openai))


def test_cached_lists_become_due_as_well(visitor, openai, stub, django_assert_num_queries):
    due = timezone.now() + timedelta(seconds=1.5)
    old(openai, checked_at=due - refresh.MAX_AGE)
    visitor.get(URL)
    with django_assert_num_queries(0):  # nothing is due yet, and that was said
        assert visitor.get(URL).headers["X-Cache"] == "hit"
    assert asked(stub) == []
    assert eventually(lambda: timezone.now() > due)
    visitor.get(URL)  # a miss, if the provider answers before the list is looked up
    assert eventually(lambda: len(asked(stub)) == 1)


def test_requests_do_not_wait_for_a_vendor(visitor, openai, settings):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.PROVIDER_BASE_URLS = {"openai": f"http://127.0.0.1:{silent.getsockname()[1]}/v1"}
        settings.PROVIDER_READ_TIMEOUT = 1.0
        old(openai)
        assert visitor.get(URL).status_code == 200
        assert [thread.name for thread in threading.enumerate() if thread.name == "model-refresh"] == ["model-refresh"]
        assert eventually(lambda: Provider.objects.get(pk=openai.pk).check_error != "", seconds=10)
