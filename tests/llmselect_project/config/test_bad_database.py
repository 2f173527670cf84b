"""A database that cannot be used is one clear line of any command, and never shows the password."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection

from tests.helpers import process_environment

SECRET = "hunter2"
UNREADABLE = "LLMSelect is not configured: DATABASE_URL cannot be read. It looks like postgres://"


def said(*arguments, env=None, **more):
    """Run a command that must fail; returns what it wrote to standard error."""
    full = {**(env or {**os.environ, "DJANGO_ENV": "testing"}), **more}
    run = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env=full,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode != 0
    assert "Traceback" not in run.stderr
    assert SECRET not in run.stdout + run.stderr
    return run.stderr.strip()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (f"mysql://me:{SECRET}@host/name", "LLMSelect is not configured: DATABASE_URL must start with"),
        (f"nonsense://me:{SECRET}@host/name", "LLMSelect is not configured: DATABASE_URL must start with"),
        (SECRET, "LLMSelect is not configured: DATABASE_URL must start with"),
        (f"postgres://me:{SECRET}@host:port/name", UNREADABLE),
        (f"postgres://me:{SECRET}@host:99999/name", UNREADABLE),
        (f"postgres://me:{SECRET}/x@host/name", UNREADABLE),
        (f"postgres://me:{SECRET}@host", "LLMSelect is not configured: DATABASE_URL names no database"),
        (f"postgres://me:{SECRET}@host/", "LLMSelect is not configured: DATABASE_URL names no database"),
    ],
)
def test_a_url_that_is_none(url, sentence):
    assert said("check", DATABASE_URL=url).startswith(sentence)


@pytest.mark.parametrize("name", ["MAX_SIZE", "TIMEOUT", "MAX_LIFETIME"])
def test_a_pool_of_nothing(name):
    message = said("check", DATABASE_URL="postgres://me@host/name", **{f"DB_POOL_{name}": "0"})
    assert message == f"LLMSelect is not configured: DB_POOL_{name} must be a whole number of at least 1, not '0'."


@pytest.mark.parametrize("command", [("migrate",), ("sync_models", "--offline"), ("prune",)])
def test_a_server_that_is_not_there(command):
    lines = said(*command, DATABASE_URL=f"postgres://me:{SECRET}@127.0.0.1:1/name", DB_POOL_TIMEOUT="5").splitlines()
    message = [line for line in lines if not line.startswith("{")][-1]  # the pool's thread logs whenever it fails
    assert message.startswith("The database refuses: connection failed: connection to server at")


def test_a_pool_that_cannot_be_made_without_the_checks():
    sizes = {"DB_POOL_MIN_SIZE": "3", "DB_POOL_MAX_SIZE": "2"}
    message = said("migrate", "--skip-checks", DATABASE_URL="postgres://me@127.0.0.1:1/name", **sizes)
    assert message.startswith("LLMSelect is not configured: The database pool cannot be made: max_size must be")


def test_a_database_without_tables(tmp_path):
    message = said("sync_models", "--offline", DATABASE_URL=f"sqlite:///{tmp_path / 'empty.sqlite3'}").splitlines()[-1]
    assert message.startswith("The database refuses: no such table:")
    assert message.endswith("(run `manage.py migrate` first).")


def test_serve_names_what_is_pending(tmp_path):
    url = f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    message = said("serve", "--port", "0", DATABASE_URL=url, REDIS_URL="", PORT="3044").splitlines()[-1]
    assert message.startswith("CommandError: These migrations are pending: ")
    assert "conversations.0001_initial" in message
    assert message.endswith("Run `manage.py migrate` first.")


@pytest.mark.django_db(transaction=True)
def test_serve_on_a_server_that_says_no():
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has names and limits")
    good = process_environment()
    elsewhere = good["DATABASE_URL"].rpartition("/")[0] + "/no_such_database"
    assert 'database "no_such_database" does not exist' in said("serve", env=good, DATABASE_URL=elsewhere, PORT="3044")
    crowd = said("serve", "--port", "0", "--workers", "2", env=good, DB_POOL_MAX_SIZE="5000", DB_POOL_MIN_SIZE="1")
    assert crowd.splitlines()[-1].startswith(
        "CommandError: 2 workers with DB_POOL_MAX_SIZE=5000, and 3 more connections each,"
    )
