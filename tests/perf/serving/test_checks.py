"""System checks of the pool and of REDIS_URL."""

import os
import subprocess
import sys

import pytest
from django.conf import settings as configured
from django.core.checks import Tags, run_checks
from django.db import connection

pytestmark = pytest.mark.django_db


def found(**options):
    return [(error.id, error.msg) for error in run_checks(**options) if error.id.startswith("perf.")]


def test_the_settings_of_the_tests_pass():
    assert found() == []
    assert found(tags=[Tags.database], databases=["default"]) == []


def test_a_pool_with_a_minimum_above_its_maximum():
    sizes = {"DB_POOL_MIN_SIZE": "11", "DB_POOL_MAX_SIZE": "10", "DATABASE_URL": "postgres://nobody@127.0.0.1:1/x"}
    command = [sys.executable, "manage.py", "check"]
    environment = {**os.environ, **sizes, "DJANGO_ENV": "testing"}
    run = subprocess.run(command, cwd=configured.BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "(perf.E002) DB_POOL_MIN_SIZE is 11, which is more than DB_POOL_MAX_SIZE (10)." in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("url", ["nonsense", "http://:secret@host", "redis://:secret@host:port/0"])
def test_an_invalid_redis_url(settings, url):
    settings.REDIS_URL = url
    assert found() == [("perf.E004", "REDIS_URL cannot be read.")]


def test_a_pool_larger_than_the_server_allows(settings, monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has a pool")
    settings.SERVE_WORKERS = 2
    monkeypatch.setitem(connection.settings_dict["OPTIONS"]["pool"], "max_size", 10_000)
    ((code, message),) = found(tags=[Tags.database], databases=["default"])
    assert code == "perf.E003"
    assert message.startswith(
        "2 workers with DB_POOL_MAX_SIZE=10000, and 3 more connections each, need 20006 connections; the "
        "database allows "
    )
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)  # PGBOUNCER=true
    assert [code for code, _ in found(tags=[Tags.database], databases=["default"])] == ["perf.W002"]  # no limits
