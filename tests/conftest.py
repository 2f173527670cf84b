"""Users, clients, providers and the scripted provider, for all tests, and how the tables are emptied between them."""

import shutil
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.test import override_settings
from django.utils import timezone
from rest_framework.test import APIClient

from conversations.completions.streams import registry
from llmselect_project.api import throttling
from models_registry.models import LLMModel, Provider
from perf.caching.outage import outage
from perf.serving import health
from perf.timing import flushing, recorder
from tests.helpers import PASSWORD, client_for
from tests.stub import stub, stub_server

__all__ = ["stub", "stub_server"]

LARGE = 2**21  # bytes of a table, of which PostgreSQL reads the deleted rows until a vacuum


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup):
    empty_small_tables_by_delete()


# Answers go on when nobody reads them, and would hold their slots and connections in later tests.
@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    for answer in registry.running():
        answer.stop()
        assert answer.wait_for_end(5.0)


# Each test client makes its own middlewares, and WhiteNoise's would read all static files each time: most of the
# processor's time of the whole suite.
@pytest.fixture(scope="session", autouse=True)
def static_files_are_found_when_asked_for():
    with override_settings(WHITENOISE_AUTOREFRESH=True):
        yield


@pytest.fixture(autouse=True)
def nothing_remembered():
    cache.clear()
    outage.reset()
    recorder.reset()
    health.reset()
    flushing.worker = flushing.Worker()
    throttling.outage.reset()
    for limiter in throttling.limiters():
        limiter.storage.reset()
    shutil.rmtree(settings.STORAGES["files"]["OPTIONS"]["location"], ignore_errors=True)


# Ann owns what a test is about, Bob is somebody else.
@pytest.fixture
def ann(db) -> User:
    return User.objects.create_user("ann", password=PASSWORD)


@pytest.fixture
def bob(db) -> User:
    return User.objects.create_user("bob", password=PASSWORD)


@pytest.fixture
def staff(db) -> User:
    return User.objects.create_user("staff", password=PASSWORD, is_staff=True)


@pytest.fixture
def api(ann) -> APIClient:
    return client_for(ann)


@pytest.fixture
def bob_api(bob) -> APIClient:
    return client_for(bob)


@pytest.fixture
def visitor() -> APIClient:
    return APIClient()


@pytest.fixture
def echo(db) -> Provider:
    return Provider.objects.create(slug="echo", name="Echo", kind="echo", requires_key=False)


# Both vendors are the stub in truth, with a system key; one of them has prices. Their lists are unread, and soon nobody
# reads them: so every name of a model is taken, and the stub reads its script from it.
@pytest.fixture
def openai(db, stub, settings) -> Provider:
    settings.PROVIDER_BASE_URLS = {**settings.PROVIDER_BASE_URLS, "openai": stub.openai_url}
    settings.SYSTEM_API_KEYS = {**settings.SYSTEM_API_KEYS, "openai": "sk-test"}
    provider = Provider.objects.create(slug="openai", name="OpenAI", kind="openai", check_started_at=timezone.now())
    LLMModel.objects.create(provider=provider, model_id="stub", name="Stub", input_price="2.5", output_price="10")
    return provider


@pytest.fixture
def anthropic(db, stub, settings) -> Provider:
    settings.PROVIDER_BASE_URLS = {**settings.PROVIDER_BASE_URLS, "anthropic": stub.anthropic_url}
    settings.SYSTEM_API_KEYS = {**settings.SYSTEM_API_KEYS, "anthropic": "sk-ant-test"}
    provider = Provider.objects.create(
        slug="anthropic", name="Anthropic", kind="anthropic", check_started_at=timezone.now()
    )
    LLMModel.objects.create(provider=provider, model_id="stub", name="Stub", max_output_tokens=8192)
    return provider


def empty_small_tables_by_delete() -> None:
    """Let `flush` delete the rows of PostgreSQL's tables, and truncate only large ones.

    To truncate all tables takes 0.3 to 0.6 s, whatever they hold; to delete a few rows from each takes 5 ms. Locks keep
    what truncating does: it waits for the transactions of other threads.
    """
    if connection.vendor == "postgresql":
        connection.ops.sql_flush = partial(_statements, connection.ops.sql_flush)  # type: ignore[method-assign]


def _statements(
    truncating: Callable[..., list[str]], style: Any, tables: list[str], *, reset_sequences: bool = False, **how: bool
) -> list[str]:
    if reset_sequences:
        return truncating(style, tables, reset_sequences=reset_sequences, **how)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_class WHERE relname = ANY(%s) AND pg_total_relation_size(oid) > %s",
            [list(tables), LARGE],
        )
        if cursor.fetchone()[0]:
            return truncating(style, tables, **how)
    quoted = [connection.ops.quote_name(table) for table in tables]
    # Foreign keys are checked at the end of the transaction, so that any order will do.
    return [f"LOCK TABLE {', '.join(quoted)} IN ACCESS EXCLUSIVE MODE", *(f"DELETE FROM {name}" for name in quoted)]
