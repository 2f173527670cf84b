"""Statements counted are statements sent: PostgreSQL's own log says the same."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from perf.benchmarks.processes import free_port

VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE")
_LOGGED = re.compile(r"^counted LOG:  (?:statement|execute [^:]+): (\w+)", re.MULTILINE)


def binary(name):
    """Find a program of PostgreSQL's server, which Debian keeps off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


@pytest.fixture
def server():
    """Run a PostgreSQL of our own, whose log we may read; yields its port, its folder and how to run its programs."""
    if connection.vendor != "postgresql" or not binary("initdb"):
        pytest.skip("needs PostgreSQL's own programs")
    port = str(free_port())
    with tempfile.TemporaryDirectory(prefix="llmselect-") as name:
        as_user = []
        if os.geteuid() == 0:  # the server refuses to run as root
            shutil.chown(name, "postgres")
            as_user = ["runuser", "-u", "postgres", "--"]

        def run(program, *arguments):
            command = [*as_user, binary(program), *arguments]
            subprocess.run(command, cwd=name, check=True, stdout=subprocess.DEVNULL)

        run("initdb", "-D", f"{name}/data", "-A", "trust", "-U", "postgres", "--no-sync")
        options = (
            f"-p {port} -k {name} -c listen_addresses=127.0.0.1 -c fsync=off -c log_line_prefix='%u ' -c timezone=UTC"
        )
        run("pg_ctl", "-D", f"{name}/data", "-l", f"{name}/log", "-o", options, "-w", "start")
        try:
            yield port, Path(name), run
        finally:
            run("pg_ctl", "-D", f"{name}/data", "-m", "immediate", "stop")


def test_the_numbers_of_statements_are_those_of_the_server(server):
    port, folder, run = server
    at = ("-h", "127.0.0.1", "-p", port, "-U", "postgres")
    run("createuser", *at, "counted")
    run("createdb", *at, "-O", "counted", "counted")
    environment = {
        **os.environ,
        "DJANGO_ENV": "testing",
        "DATABASE_URL": f"postgres://counted@127.0.0.1:{port}/counted",
        "REDIS_URL": "",
    }
    command = {"cwd": settings.BASE_DIR, "env": environment, "check": True, "stdout": subprocess.PIPE}
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity=0"], **command)
    run("psql", *at, "-c", "ALTER ROLE counted SET log_statement = 'all'")
    counted = json.loads(
        subprocess.run([sys.executable, "-m", "tests.perf.timing.statement_process"], **command).stdout
    )
    logged = Counter(_LOGGED.findall((folder / "log").read_text()))
    assert {verb: counted[verb] for verb in VERBS} == {verb: logged[verb] for verb in VERBS}
    assert min(counted[verb] for verb in VERBS) > 0
