"""`manage.py benchmark http`, for moments: real servers, a real load, and nothing that fails."""

import os
import sys

import pytest
from django.db import connection

from conversations.benchmarks.http.load import http
from perf.benchmarks.cases import Options, Row
from perf.benchmarks.processes import MANAGE

FIGURES = ["rate", "p50", "p95", "p99", "errors", "CPU", "CPU each", "memory"]
OF_BOTH = ["rate", "p50", "errors"]
OF_THE_CEILING = ["ceiling", "its CPU", "its errors", "share"]


@pytest.fixture
def rival(tmp_path):
    """Return an environment whose `litellm` is the fake provider, which takes the same requests."""
    program = tmp_path / "bin" / "litellm"
    program.parent.mkdir()
    provider = f'exec "{sys.executable}" "{MANAGE}" stub_provider --port "$2"'
    program.write_text(f'#!/bin/sh\nwhile [ "$1" != --port ]; do shift; done\n{provider}\n')
    program.chmod(0o755)
    return tmp_path


# It is the longest of all, and the same on every database but for a bound.
@pytest.mark.skipif(connection.vendor == "sqlite", reason="runs with the services")
@pytest.mark.django_db
def test_endpoints_are_loaded_in_turns_with_the_ceiling(rival):
    options = Options(
        database_url=os.environ.get("DATABASE_URL"),
        redis_url=os.environ.get("REDIS_URL"),
        messages=30_000,
        seconds=1,
        only=("detail", "chat-stream", "stream-rush", "litellm"),
        litellm=str(rival),
    )
    rows = {row.name: {each.figure: each for each in row.results} for row in http(options) if isinstance(row, Row)}
    endpoints = ("detail", "chat-stream")
    loaded = [f"{name}, {clients}" for name in endpoints for clients in (1, 16, 64)]
    beside = [f"chat beside LiteLLM, {clients}" for clients in (1, 16)]
    assert list(rows) == [*loaded, "stream-rush", *beside]
    for row in (rows.pop(name) for name in beside):
        assert list(row) == [*OF_BOTH, *(f"its {each}" for each in OF_BOTH), "times as fast"]
        assert (row["errors"].value, row["its errors"].value, row["times as fast"].at_least) == (0, 0, 2)
    rush = rows.pop("stream-rush")
    assert (rush["CPU a chunk"].at_most, rush["errors"].value) == (None, 0)  # its goal is for the embedded default
    assert 0 < rush["CPU a chunk"].value < 1_000_000
    for row in rows.values():
        assert list(row) == FIGURES + OF_THE_CEILING
        assert (row["errors"].value, row["its errors"].value) == (0, 0)
    bounds = {name: row["share"].at_least for name, row in rows.items() if row["share"].at_least}
    assert bounds == {}  # theirs too


@pytest.mark.parametrize(
    ("options", "goal"),
    [
        (Options(), 50),
        (Options(database_url="postgres://x"), None),
        (Options(redis_url="redis://x"), None),
        (Options(database_url="postgres://x", redis_url="redis://x"), None),
    ],
)
def test_goals_are_for_the_embedded_default(options, goal):
    assert options.goal(50) == goal
