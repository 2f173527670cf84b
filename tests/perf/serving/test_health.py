"""GET /health, /health/live and /api/v1/admin/health/detailed."""

import os
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from perf.benchmarks.processes import free_port
from tests.helpers import client_for
from tests.servers import redis_as_cache

pytestmark = pytest.mark.django_db


def pool_stats():
    if connection.settings_dict["OPTIONS"].get("pool"):
        stats = connection.pool.get_stats()
        return {"pool_size": stats["pool_size"], "checked_out": 1}
    return {"pool_size": None, "checked_out": None}


def test_healthy(visitor, settings):
    response = visitor.get("/health")
    moment = parse_datetime(response.json()["timestamp"])
    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "timestamp": response.json()["timestamp"],
        "environment": "testing",
        "version": settings.VERSION,
        "database": {"connected": True, **pool_stats()},
        "cache": {"connected": True},
    }
    assert timedelta(0) <= timezone.now() - moment < timedelta(seconds=5)
    assert response.headers["Cache-Control"] == "no-store"


def test_without_a_cache_it_is_degraded(visitor, settings):
    gone = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1"}
    settings.CACHES = {"default": gone}
    response = visitor.get("/health")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert response.json()["cache"] == {"connected": False}


def test_liveness(visitor, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = visitor.get("/health/live")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("path", ["/health", "/health/live"])
@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer expired"}, {"accept": "text/plain"}])
def test_health_needs_no_credentials(visitor, path, headers):
    assert visitor.get(path, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/health", "/health/live"])
def test_it_is_not_redirected_to_https(visitor, settings, path):
    settings.SECURE_SSL_REDIRECT = True
    assert visitor.get(path).status_code == 200
    assert visitor.get("/api/v1/models").status_code == 301


# What staff see

DETAILED = "/api/v1/admin/health/detailed"
POOL = ["pool_size", "pool_min", "pool_max", "available", "checked_out", "waiting"]
COUNTED = ["requests", "wait_time", "timeouts", "refused", "connection_errors"]


def test_detailed_health(staff, settings):
    response = client_for(staff).get(DETAILED)
    body = response.json()
    database, cache = body.pop("database"), body.pop("cache")
    assert response.status_code == 200
    assert body == {
        "status": "ok",
        "timestamp": body["timestamp"],
        "environment": "testing",
        "version": settings.VERSION,
        "uptime": body["uptime"],
        "pid": os.getpid(),
        "pending_migrations": [],
    }
    assert body["uptime"] > 0
    backend = "redis" if settings.REDIS_URL else "locmem"
    assert 0 <= cache.pop("latency") < 1.5
    assert cache == {"connected": True, "writable": True, "error": None, "backend": backend}
    assert 0 <= database.pop("latency") < 1.5
    figures = {name: database.pop(name) for name in (*POOL, *COUNTED)}
    assert database == {"connected": True, "writable": True, "error": None, "vendor": connection.vendor}
    if connection.vendor == "sqlite":
        assert set(figures.values()) == {None}
    else:
        pool = connection.settings_dict["OPTIONS"]["pool"]
        assert (figures["pool_min"], figures["pool_max"]) == (pool["min_size"], pool["max_size"])
        assert (figures["checked_out"], figures["waiting"]) == (1, 0)  # the test's own
        assert figures["requests"] > 0
        assert figures["wait_time"] > 0


def test_detailed_health_is_for_staff(api, visitor):
    assert api.get(DETAILED).status_code == 403
    assert visitor.get(DETAILED).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_pending_migrations_are_named(staff, visitor):
    migrations = MigrationRecorder.Migration.objects.filter(app="conversations", name="0001_initial")
    row = migrations.get()
    migrations.delete()
    try:
        detailed, short = client_for(staff).get(DETAILED), visitor.get("/health")
    finally:
        row.save(force_insert=True)
    assert (detailed.status_code, detailed.json()["status"]) == (200, "degraded")
    assert detailed.json()["pending_migrations"] == ["conversations.0001_initial"]
    assert (short.status_code, short.json()["status"]) == (200, "degraded")


def test_a_missing_database_is_not_created(staff, visitor, monkeypatch, tmp_path):
    client = client_for(staff)
    client.get(DETAILED)
    missing = free_port() if connection.vendor == "postgresql" else str(tmp_path / "none.sqlite3")
    monkeypatch.setitem(connection.settings_dict, "PORT" if connection.vendor == "postgresql" else "NAME", missing)
    if connection.vendor == "postgresql":
        monkeypatch.setitem(connection.settings_dict["OPTIONS"], "pool", None)
    response, short = client.get(DETAILED), visitor.get("/health")
    assert (response.status_code, short.status_code) == (503, 503)
    body = response.json()
    assert (body["status"], body["database"]["connected"], body["pending_migrations"]) == ("error", False, None)
    assert body["database"]["error"]
    assert short.json()["database"] == {"connected": False, "pool_size": None, "checked_out": None}
    assert list(tmp_path.iterdir()) == []


# Redis


@pytest.fixture
def redis_server(settings):
    with redis_as_cache(settings) as server:
        yield server


def test_a_full_redis_is_connected_and_not_writable(staff, visitor, redis_server):
    client = client_for(staff)
    client.get(DETAILED)
    redis_server.client.config_set("maxmemory", 1)
    body = client.get(DETAILED).json()
    assert (body["status"], body["cache"]["connected"], body["cache"]["writable"]) == ("degraded", True, False)
    assert "maxmemory" in body["cache"]["error"]
    short = visitor.get("/health")
    assert (short.status_code, short.json()["status"], short.json()["cache"]) == (200, "degraded", {"connected": True})


def test_a_redis_that_hangs_is_not_waited_for(visitor, redis_server):
    redis_server.freeze()
    begin = time.monotonic()
    response = visitor.get("/health")
    assert time.monotonic() - begin < 6  # the limit is 1.5 s
    assert (response.status_code, response.json()["status"], response.json()["cache"]) == (
        200,
        "degraded",
        {"connected": False},
    )
