"""A database that is full, read-only or locked: clear errors, nothing half-written, and all is well afterwards."""

import contextlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db import connection

from conversations.models import Comparison, ComparisonResult, Conversation, Message, RepeatableRequest
from models_registry.models import APIKey
from tests.helpers import client_for, conversation, error, events, free_slots

pytestmark = pytest.mark.django_db(transaction=True)
ON_SQLITE = pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own way to fail")

HELLO = {"provider": "openai", "model": "stub", "message": "hello you there"}
MODELS = [{"provider": "openai", "model": "stub"}] * 2
KEY = {"Idempotency-Key": "k"}
UNAVAILABLE = error("database_unavailable", "The database is not available; try again in a moment.")
BUSY = error("database_busy", "The database is busy; try again in a moment.")
TABLES = (Conversation, Message, Comparison, ComparisonResult, RepeatableRequest, APIKey)
# 30 kB that no page has room for.
LARGE = {"message": "much text " * 1_500, "system": "much text " * 1_500}

WRITES = {
    "chat": lambda api: api.post("/api/v1/chat", {**HELLO, **LARGE}),
    "chat with a key": lambda api: api.post("/api/v1/chat", {**HELLO, **LARGE}, headers=KEY),
    "chat stream": lambda api: api.post("/api/v1/chat/stream", {**HELLO, **LARGE}),
    "compare": lambda api: api.post("/api/v1/compare", {"prompt": LARGE["message"], "models": MODELS}),
    "compare with a key": lambda api: api.post(
        "/api/v1/compare", {"prompt": LARGE["message"], "models": MODELS}, headers=KEY
    ),
    "compare stream": lambda api: api.post("/api/v1/compare/stream", {"prompt": LARGE["message"], "models": MODELS}),
}
SMALL_WRITES = {
    "conversation": lambda api: api.post("/api/v1/conversations", {"provider": "openai", "model": "stub"}),
    "key": lambda api: api.put("/api/v1/keys/openai", {"key": "sk-0123456789"}),
}
ALL_WRITES = pytest.mark.parametrize("name", [*WRITES, *SMALL_WRITES])


def pragma(line):
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {line}")
        return (cursor.fetchone() or (None,))[0]


@contextlib.contextmanager
def full():
    """Leave the database no page to grow by."""
    before = pragma("max_page_count")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # or free pages would be found inside
    pragma(f"max_page_count = {pragma('page_count')}")
    try:
        yield
    finally:
        pragma(f"max_page_count = {before}")


@contextlib.contextmanager
def read_only():
    """Let nobody write, as a standby does, or a file system that was mounted so."""
    if connection.vendor == "sqlite":
        pragma("query_only = ON")
        yield
        pragma("query_only = OFF")
        return
    name = connection.settings_dict["NAME"]
    with psycopg.connect(**{**connection.get_connection_params(), "dbname": "postgres"}, autocommit=True) as server:
        server.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        try:
            renew()
            yield
        finally:
            server.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
            renew()


def renew():
    connection.close()
    connection.close_pool()


@contextlib.contextmanager
def locked():
    """Hold SQLite's one lock for writers, with little patience on our side."""
    patience = pragma("busy_timeout")
    pragma("busy_timeout = 50")
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()
        pragma(f"busy_timeout = {patience}")


def refused(api, name, expected, settings):
    response = {**WRITES, **SMALL_WRITES}[name](api)
    assert (response.status_code, response.json()) == (503, expected)
    assert response.headers["Retry-After"] == ("1" if expected is BUSY else "5")
    assert [model.__name__ for model in TABLES if model.objects.exists()] == []
    assert free_slots() == settings.COMPLETION_SLOTS


def works(api, name):
    response = {**WRITES, **SMALL_WRITES}[name](api)
    assert response.status_code in (200, 201), response.content
    if response.streaming:
        assert events(response)[-1]["event"] == "done"
        response.close()


@ALL_WRITES
def test_read_only(api, openai, settings, name):
    with read_only():
        refused(api, name, UNAVAILABLE, settings)
        assert api.get("/api/v1/conversations").json()["results"] == []
    works(api, name)


@ON_SQLITE
@pytest.mark.parametrize("name", WRITES)
def test_full(api, openai, settings, stub, name):
    with full():
        refused(api, name, UNAVAILABLE, settings)
    assert stub.requests == []
    works(api, name)


@ON_SQLITE
@pytest.mark.parametrize("name", ["chat with a key", "chat stream", "compare", "conversation", "key"])
def test_locked(api, openai, settings, stub, name):
    with locked():
        refused(api, name, BUSY, settings)
    assert stub.requests == []
    works(api, name)


BREAKS = [pytest.param(full, marks=ON_SQLITE), pytest.param(locked, marks=ON_SQLITE), read_only]


@pytest.mark.parametrize("broken", BREAKS)
def test_an_answer_that_cannot_be_stored(api, openai, settings, broken):
    """It breaks while the provider answers: the question stays, the answer is told to be lost, the counter is right."""
    response = api.post("/api/v1/chat/stream", {**HELLO, "model": "stub?size=90000"})
    with broken():
        received = events(response)
        response.close()
    assert (received[-1]["event"], received[-1]["error"]) == ("error", "database_unavailable")
    assert (received[-1]["message"], received[-1]["message_id"]) == ("What has arrived could not be stored.", None)
    assert list(Message.objects.values_list("role", flat=True)) == ["user"]
    assert Conversation.objects.get().message_count == 1
    assert free_slots() == settings.COMPLETION_SLOTS


@pytest.mark.parametrize("broken", BREAKS)
def test_nor_can_that_of_a_comparison(api, openai, settings, broken):
    large = [{"provider": "openai", "model": "stub?size=90000"}] * 2
    response = api.post("/api/v1/compare/stream", {"prompt": "?", "models": large})
    with broken():
        received = events(response)
        response.close()
    assert (received[-1]["event"], received[-1]["error"]) == ("error", "database_unavailable")
    assert (Comparison.objects.count(), ComparisonResult.objects.count()) == (1, 0)
    assert free_slots() == settings.COMPLETION_SLOTS


def test_sixteen_writers(ann, openai):
    """Half of them in one conversation: everybody gets through."""
    row = conversation(ann)
    apis = [client_for(ann) for _ in range(16)]

    def write(number):
        try:
            shared = {"conversation_id": str(row.pk)} if number % 2 else {}
            return [apis[number].post("/api/v1/chat", {**HELLO, **shared}).status_code for _ in range(4)]
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as threads:
        codes = [code for codes in threads.map(write, range(16)) for code in codes]
    assert codes == [200] * 64
    assert Message.objects.count() == 128
    for each in Conversation.objects.all():
        assert each.message_count == each.messages.count()
    row.refresh_from_db()
    assert row.message_count == 64
