"""Every changelist of the admin: it renders, in few queries that do not grow, and shows no key."""

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from llmselect_project.accounts.sessions import start_session
from llmselect_project.tokens.service import create_token
from models_registry.keys.storage import store_key
from models_registry.models import Provider
from perf.pages import paginator
from tests.helpers import conversation

pytestmark = pytest.mark.django_db

SECRET = "sk-a-secret-that-nobody-may-see"
NAMES = sorted(model._meta.label_lower for model in admin.site._registry)


@pytest.fixture
def root(client):
    client.force_login(User.objects.create_superuser("root"))
    return client


def fill(start, count):
    for number in range(start, start + count):
        user = User.objects.create_user(f"user{number}")
        start_session(user=user)
        create_token(user_id=user.pk, name="laptop")
        conversation(user, messages=2, title=f"title {number}")
        provider = Provider.objects.create(slug=f"p{number}", name=f"P {number}", kind="openai")
        provider.models.create(model_id="m", name="M")
        store_key(user=user, provider=provider, key=SECRET, override_system_key=False)


def page(root, name, **query):
    app, model = name.split(".")
    response = root.get(reverse(f"admin:{app}_{model}_changelist"), query)
    assert response.status_code == 200
    assert SECRET not in response.text
    return response


@pytest.mark.parametrize("name", NAMES)
def test_queries_do_not_grow_with_the_rows(root, name):
    fill(0, 2)
    with CaptureQueriesContext(
        connection,
    ) as few:
        page(root, name)
    fill(2, 20)
    with CaptureQueriesContext(connection) as many:
        page(root, name)
    assert len(many) <= len(few) <= 8


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("query", ["user1", "x" * 3000, "'\"%_\\", "01a1fc02-1403-77e4-b9eb-0a7fbeb6d59f"])
def test_any_search_is_answered(root, name, query):
    fill(0, 2)
    page(root, name, q=query)


@pytest.mark.parametrize("name", ["conversations.conversation", "conversations.message", "auth.user"])
def test_large_tables_are_counted_up_to_a_limit_only(root, name):
    fill(0, 1)
    with CaptureQueriesContext(connection) as queries:
        page(root, name)
    counts = [query["sql"] for query in queries if "COUNT(" in query["sql"]]
    assert counts
    assert all("LIMIT 10000" in sql for sql in counts)


def test_a_capped_count_says_that_there_may_be_more(root, monkeypatch):
    monkeypatch.setattr(paginator, "COUNT_LIMIT", 3)
    fill(0, 2)
    html = page(root, "conversations.message").text
    assert "3+ results" in html
    assert re.search(r"3\+\s+messages", html)


@pytest.mark.parametrize("path", ["conversations/message", "models_registry/provider"])
def test_nul_in_a_filter_is_refused(root, path):
    assert root.get(f"/admin/{path}/?provider=%00").status_code == 400


def test_a_model_that_staff_corrected_is_staffs_own(root):
    model = Provider.objects.create(slug="p", name="P", kind="openai").models.create(
        model_id="m", name="M", source="catalogue"
    )
    values = {"provider": model.provider_id, "model_id": "m", "name": "Better", "enabled": "on"}
    assert root.post(reverse("admin:models_registry_llmmodel_change", args=[model.pk]), values).status_code == 302
    model.refresh_from_db()
    assert (model.name, model.source) == ("Better", "staff")


def test_a_compatible_provider_needs_its_address(root):
    values = {"slug": "own", "name": "Own", "kind": "openai_compatible", "base_url": "", "enabled": "on"}
    response = root.post(reverse("admin:models_registry_provider_add"), values)
    assert "needs its base URL" in response.text
    assert not Provider.objects.exists()


@pytest.mark.parametrize(
    ("url", "status"),
    [("http://ollama:11434/v1", 302), ("https://[::1]:8000", 302), ("ftp://x", 200), ("localhost", 302)],
)
def test_addresses_of_containers_are_taken(root, url, status):
    values = {"slug": "own", "name": "Own", "kind": "openai_compatible", "base_url": url, "enabled": "on"}
    assert root.post(reverse("admin:models_registry_provider_add"), values).status_code == status
