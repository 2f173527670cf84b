"""Temporary databases for measurements and tests."""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend
from psycopg import sql


@contextmanager
def scratch_database(url: str | None = None, suffix: str = "benchmark") -> Iterator[None]:
    """Create and migrate an empty database beside the configured one, or that of `url`; use it inside the block.

    A nested block replaces it; `switched` switches between both.
    """
    with tempfile.TemporaryDirectory(prefix="llmselect-") as folder:
        config = _config(url)
        configured = config["NAME"]
        is_file = config["ENGINE"].endswith("sqlite3")
        config["TEST"]["NAME"] = str(Path(folder) / "scratch.sqlite3") if is_file else f"{configured}_{suffix}"
        with switched(_connection(config)) as scratch:
            scratch.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
            try:
                yield
            finally:
                scratch.creation.destroy_test_db(configured, verbosity=0)
                scratch.close()


@contextmanager
def copied_database(suffix: str) -> Iterator[None]:
    """Copy the scratch database in use, rows and all, and use the copy inside the block."""
    source = current()
    source.close()  # PostgreSQL refuses to copy a database in use, and only a closed SQLite file is complete
    source.creation.clone_test_db(suffix, verbosity=0, autoclobber=True)
    with switched(_connection(source.creation.get_test_db_clone_settings(suffix))) as copy:
        try:
            yield
        finally:
            copy.close()
            source.creation.destroy_test_db(suffix=suffix, verbosity=0)


@contextmanager
def scratch_url(url: str | None) -> Iterator[str]:
    """Make an empty database on the PostgreSQL server of `url`, or a SQLite file if None; yields its URL.

    Raises psycopg.OperationalError if the server does not answer or the role may not create databases.
    """
    if url is None:
        with tempfile.TemporaryDirectory(prefix="llmselect-") as folder:
            yield f"sqlite:///{Path(folder) / 'scratch.sqlite3'}"
        return
    name = f"llmselect_scratch_{secrets.token_hex(4)}"
    # As Django does: the database of the URL need not exist.
    with psycopg.connect(urlsplit(url)._replace(path="/postgres").geturl(), autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield urlsplit(url)._replace(path=f"/{name}").geturl()
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def database_at(url: str) -> Iterator[BaseDatabaseWrapper]:
    """Use the database of `url` inside the block; a server may use it at the same time."""
    with switched(_connection(_config(url))) as connection:
        try:
            yield connection
        finally:
            connection.close()


def current() -> BaseDatabaseWrapper:
    """Return this thread's connection, for `switched`."""
    return connections[DEFAULT_DB_ALIAS]


@contextmanager
def switched(connection: BaseDatabaseWrapper) -> Iterator[BaseDatabaseWrapper]:
    """Use this connection and its database inside the block; it stays open."""
    previous = current()
    _use(connection)
    try:
        yield connection
    finally:
        _use(previous)


def _use(connection: BaseDatabaseWrapper) -> None:
    connections.databases[DEFAULT_DB_ALIAS] = connection.settings_dict
    connections[DEFAULT_DB_ALIAS] = connection


def _connection(config: dict[str, Any]) -> BaseDatabaseWrapper:
    backend: Any = load_backend(config["ENGINE"])
    wrapper: BaseDatabaseWrapper = backend.DatabaseWrapper(config, DEFAULT_DB_ALIAS)
    return wrapper


def _config(url: str | None) -> dict[str, Any]:
    """Return the configured settings, overridden by those of `url`, without the pool, which belongs to the alias."""
    given = dict(environ.Env().db_url_config(url)) if url else {}
    if given.get("ENGINE") == "django.db.backends.sqlite3":
        given["ENGINE"] = "perf.db.sqlite3"
    configured = current().settings_dict
    same = given.get("ENGINE", configured["ENGINE"]) == configured["ENGINE"]
    config = connections.configure_settings({DEFAULT_DB_ALIAS: {**(configured if same else {}), **given}})
    copy: dict[str, Any] = config[DEFAULT_DB_ALIAS]
    copy["OPTIONS"] = {name: value for name, value in copy["OPTIONS"].items() if name != "pool"}
    copy["TEST"] = dict(copy["TEST"])
    return copy
