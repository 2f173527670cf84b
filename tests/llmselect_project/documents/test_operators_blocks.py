"""What operators of a server on PostgreSQL type: deployment without Docker, backup, restore, the move from SQLite."""

import os
import re
import secrets
import shutil
import signal
import subprocess
from contextlib import contextmanager, suppress
from urllib.parse import quote

import psycopg
import pytest
import requests
from django.conf import settings
from django.db import connection

from perf.benchmarks.processes import free_port, wait_for
from tests.llmselect_project.documents.blocks import checkout, plain_environment, section
from tests.llmselect_project.documents.terminal import COMMANDS, Terminal

DEPLOYMENT = "docs/deployment.md"
BACKUP = "docs/guides/backup.md"
UPGRADING = "docs/guides/upgrading.md"
TOOLS = ("pg_dump", "pg_restore", "psql", "openssl", "make")


class Operator:
    """Types blocks into a terminal, with a role and a database of the test's own in the place of the printed ones."""

    def __init__(self, terminal, folder, name):
        database = connection.settings_dict
        self.terminal, self.folder, self.name = terminal, folder, name
        self.at = f"{database['HOST'] or '127.0.0.1'}:{database['PORT'] or 5432}"
        self.server = f"postgres://{quote(database['USER'])}:{quote(database['PASSWORD'])}@{self.at}"

    def type(self, block):
        """Type a block, which must work; returns what was shown."""
        block = block.replace("sudo -u postgres psql", f"psql {self.server}/postgres")
        block = re.sub(r"(ROLE|DATABASE|OWNER) llmselect\b", rf"\1 {self.name}", block)
        block = block.replace("postgres://llmselect:$PASSWORD@127.0.0.1:5432/llmselect", self.url("$PASSWORD"))
        block = block.replace("redis://127.0.0.1:6379/0", settings.REDIS_URL)
        block = re.sub(
            r"^.*createsuperuser$", r"\g<0> --noinput --username admin --email ''", block, flags=re.MULTILINE
        )
        status, shown = self.terminal.run(block)
        assert status == 0, f"{block}\n{shown}"
        assert "Traceback" not in shown, f"{block}\n{shown}"
        return shown

    def url(self, password):
        return f"postgres://{self.name}:{password}@{self.at}/{self.name}"

    def execute(self, *statements, database="postgres"):
        with psycopg.connect(f"{self.server}/{database}", autocommit=True) as server:
            for statement in statements:
                server.execute(statement)

    def value(self, query):
        """Return the one value of a query on the operator's own database."""
        with psycopg.connect(f"{self.server}/{self.name}") as server:
            return server.execute(query).fetchone()[0]

    def messages(self):
        return self.value("SELECT count(*) FROM conversations_message")

    def empty(self):
        drop = f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)"
        self.execute(drop, f"CREATE DATABASE {self.name} OWNER {self.name}")

    def leave(self):
        self.execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)", f"DROP ROLE IF EXISTS {self.name}")


@pytest.fixture
def operator(tmp_path, request):
    shell = request.param
    missing = [tool for tool in (shell, *TOOLS) if shutil.which(tool) is None]
    if connection.vendor != "postgresql" or missing:
        pytest.skip(f"needs PostgreSQL{' and ' if missing else ''}{', '.join(missing)}")
    if not settings.REDIS_URL:
        pytest.skip("needs Redis")
    folder = checkout(tmp_path / "llmselect")
    environment = plain_environment(HOME=str(tmp_path), DJANGO_SUPERUSER_PASSWORD="a staple for horses")
    with Terminal(shell, folder, environment) as terminal:
        operator = Operator(terminal, folder, f"llmselect_operator_{secrets.token_hex(4)}")
        try:
            yield operator
        finally:
            operator.leave()


@contextmanager
def serving(operator, block):
    """Run the block that serves, as the supervisor would; yields the address."""
    port = free_port()
    environment = plain_environment(PORT=str(port))
    process = subprocess.Popen(["sh", "-c", f"exec {block}"], cwd=operator.folder, env=environment)
    try:
        wait_for(f"http://127.0.0.1:{port}/health/live")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=15)
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("operator", COMMANDS, indirect=True)
def test_a_server_is_set_up_backed_up_and_restored(operator):
    make_role, write_settings, install, serve = section(DEPLOYMENT, "Without Docker")
    for block in (make_role, write_settings, install):
        operator.type(block)
    with serving(operator, serve) as url:
        assert requests.get(f"{url}/health", timeout=5).json()["status"] == "ok"
        page = requests.get(f"{url}/admin/login/", timeout=5, allow_redirects=False)
        assert page.status_code == 200
        style = re.search(r'href="(/static/[^"]+\.css)"', page.text)[1]
        assert requests.get(url + style, timeout=5).status_code == 200
    operator.type(".venv/bin/python manage.py seed_demo --users 1 --conversations 3 --force")
    kept = operator.messages()
    assert kept > 0
    find, back_up, check, into_empty, over, migrate, _with_docker = section(BACKUP, "PostgreSQL")
    assert f"{operator.name}:…@{operator.at}/{operator.name}" in operator.type(find)
    operator.type(back_up)
    assert int(re.search(r"^\D*(\d+)\r?$", operator.type(check), re.MULTILINE)[1]) > 20
    operator.execute("DELETE FROM conversations_message", database=operator.name)
    operator.type(over)
    assert operator.messages() == kept
    operator.empty()
    operator.type(into_empty)
    operator.type(migrate)
    assert operator.messages() == kept
    upgrade = section(UPGRADING, "In production without Docker")[0]
    operator.type(upgrade.replace("git pull\n", ""))


@pytest.mark.parametrize("operator", ["bash"], indirect=True)
def test_the_data_of_sqlite_moves(operator):
    for command in ("migrate --verbosity 0", "sync_models --offline", "seed_demo --users 2 --conversations 3"):
        operator.type(f".venv/bin/python manage.py {command}")
    write, load = section(UPGRADING, "From SQLite to PostgreSQL")
    operator.type(write)
    for block in section(DEPLOYMENT, "Without Docker")[:2]:
        operator.type(block)
    assert re.search(r"Installed \d{2,} object", operator.type(load))
    found = [operator.value(f"SELECT count(*) FROM {name}") for name in ("auth_user", "conversations_conversation")]
    assert (found, operator.messages() > 0) == ([2, 6], True)
    assert operator.value("SELECT count(*) FROM conversations_message WHERE search IS NULL") == 0
    operator.type(".venv/bin/python manage.py createsuperuser")


@pytest.mark.parametrize("operator", COMMANDS, indirect=True)
def test_without_a_database_in_env_nothing_is_saved(operator):
    find, back_up, *_ = section(BACKUP, "PostgreSQL")
    operator.terminal.run("echo DJANGO_ENV=development > .env")
    for block in (find, back_up):
        status, shown = operator.terminal.run(block)
        assert status != 0 or "is neither in the environment nor in .env" in shown
    assert operator.terminal.run("test -e llmselect.dump")[0] == 1
