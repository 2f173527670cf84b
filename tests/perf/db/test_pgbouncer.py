"""PGBOUNCER=true: nothing stays with a server process from one transaction to the next."""

import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from django.conf import settings as configuration
from django.contrib.auth.models import User
from django.db import connection

from llmselect_project.config.databases import databases
from perf.benchmarks.processes import free_port, manage, wait_for
from perf.benchmarks.services import NoPostgreSQL, postgresql_server
from perf.db.connections import using
from perf.db.postgresql.base import DatabaseWrapper
from perf.serving.checks import check_time_limits
from tests.helpers import eventually, process_environment
from tests.llmselect_project.test_serve import serve
from tests.servers import listens

pytestmark = pytest.mark.django_db(transaction=True)


def configured(monkeypatch, **variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return databases(Path(), production=True, threads=256)["default"]


def test_pgbouncer_settings(monkeypatch):
    url = "postgres://me@host:6432/name?prepare_threshold=0"
    plain = configured(monkeypatch, DATABASE_URL=url, PGBOUNCER="")
    assert "DISABLE_SERVER_SIDE_CURSORS" not in plain
    assert plain["OPTIONS"]["prepare_threshold"] == 0
    behind = configured(monkeypatch, DATABASE_URL=url, PGBOUNCER="true")
    assert behind["DISABLE_SERVER_SIDE_CURSORS"] is True
    assert behind["OPTIONS"]["prepare_threshold"] is None


@contextmanager
def in_use(settings):
    """Let this thread use the tests' database with these settings, without a pool."""
    options = settings["OPTIONS"] | {"pool": None}
    wrapper = DatabaseWrapper({**connection.settings_dict, **settings, "OPTIONS": options}, alias="default")
    with using(wrapper):
        yield


def rows(table):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return cursor.fetchone()[0]


@pytest.mark.parametrize(("pgbouncer", "left_behind"), [("false", 1), ("true", 0)])
def test_nothing_stays_with_a_server_process(monkeypatch, ann, bob, pgbouncer, left_behind):
    if connection.vendor != "postgresql":
        pytest.skip("PgBouncer is for PostgreSQL")
    url = process_environment()["DATABASE_URL"]
    with in_use(configured(monkeypatch, DATABASE_URL=url, PGBOUNCER=pgbouncer)):
        under_way = User.objects.iterator(chunk_size=1)
        next(under_way)
        assert rows("pg_cursors") == left_behind
        assert len(list(under_way)) == 1


@pytest.mark.parametrize(("limit", "found"), [("0", ["perf.W002"]), ("5000", [])])
def test_connections_without_a_limit_are_warned_of(monkeypatch, limit, found):
    if connection.vendor != "postgresql":
        pytest.skip("PgBouncer is for PostgreSQL")
    settings = connection.settings_dict
    monkeypatch.setitem(settings, "DISABLE_SERVER_SIDE_CURSORS", True)
    monkeypatch.setitem(configuration.DATABASES["default"], "DISABLE_SERVER_SIDE_CURSORS", True)
    monkeypatch.setitem(settings["OPTIONS"], "options", f"-c lock_timeout={limit}")  # as connect_query would
    assert [each.id for each in check_time_limits(databases=["default"])] == found


@contextmanager
def pgbouncer(port, folder):
    """Run PgBouncer in transaction mode with two server connections in front of a server on this port."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("there is no pgbouncer here")
    own = free_port()
    folder.chmod(0o755)
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\npostgres = host=127.0.0.1 port={port} user=postgres\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {own}\nunix_socket_dir =\n"
        "auth_type = any\npool_mode = transaction\ndefault_pool_size = 2\n"
    )
    owner = "postgres" if os.geteuid() == 0 else None
    command = [program, "--quiet", str(folder / "pgbouncer.ini")]
    process = subprocess.Popen(command, user=owner)
    try:
        assert eventually(lambda: listens(own))
        yield own
    finally:
        process.terminate()
        process.wait()


def test_the_server_behind_pgbouncer_in_transaction_mode():
    if connection.vendor != "postgresql":
        pytest.skip("PgBouncer is for PostgreSQL")
    folder = Path(tempfile.mkdtemp())  # unlike tmp_path, where another user may read
    try:
        with postgresql_server() as server, pgbouncer(server.port, folder) as port:
            manage("migrate", "--verbosity=0", environment=process_environment(DATABASE_URL=server.url))
            settings = process_environment(
                DATABASE_URL=f"postgres://postgres@127.0.0.1:{port}/postgres",
                PGBOUNCER="true",
                ALLOW_OPEN_REGISTRATION="true",
            )
            own = free_port()
            url = f"http://127.0.0.1:{own}"
            with serve(own, **settings), ThreadPoolExecutor(16) as threads:
                wait_for(f"{url}/health/live")
                assert eventually(lambda: requests.get(f"{url}/health", timeout=9).json()["status"] == "ok")

                def register(number):
                    body = {"username": f"user{number}", "password": "correct horse battery"}
                    requests.post(f"{url}/api/v1/auth/register", json=body, timeout=60)
                    login = requests.post(f"{url}/api/v1/auth/login", json=body, timeout=60).json()
                    headers = {"Authorization": f"Bearer {login['access']}"}
                    path = f"{url}/api/v1/conversations"
                    made = requests.post(
                        path, json={"provider": "echo", "model": "echo-fast"}, headers=headers, timeout=60
                    )
                    listed = requests.get(f"{path}?search=a", headers=headers, timeout=60)
                    return made.status_code, listed.status_code

                manage("sync_models", "--offline", environment=settings)
                assert set(threads.map(register, range(48))) == {(201, 200)}
    except NoPostgreSQL as reason:
        pytest.skip(str(reason))
    finally:
        shutil.rmtree(folder)
