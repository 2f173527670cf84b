"""GET /health and /health/live."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from django.utils.dateparse import parse_datetime

pytestmark = pytest.mark.django_db


def pool_figures():
    if connection.settings_dict["OPTIONS"].get("pool"):
        stats = connection.pool.get_stats()
        return {"pool_size": stats["pool_size"], "checked_out": 1}
    return {"pool_size": None, "checked_out": None}


def test_all_is_well(visitor, settings):
    response = visitor.get("/health")
    moment = parse_datetime(response.json()["timestamp"])
    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "timestamp": response.json()["timestamp"],
        "environment": "testing",
        "version": settings.VERSION,
        "database": {"connected": True, **pool_figures()},
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


def test_alive(visitor, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = visitor.get("/health/live")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("path", ["/health", "/health/live"])
@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer expired"}, {"accept": "text/plain"}])
def test_anybody_may_ask(visitor, path, headers):
    assert visitor.get(path, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/health", "/health/live"])
def test_it_is_not_redirected_to_https(visitor, settings, path):
    settings.SECURE_SSL_REDIRECT = True
    assert visitor.get(path).status_code == 200
    assert visitor.get("/api/v1/models").status_code == 301
