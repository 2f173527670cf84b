"""The `DATABASES` setting: SQLite configured for threads, or PostgreSQL with a pool."""

import warnings
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from llmselect_project.config.environment import boolean, env, integer

SPARE_THREADS = 32  # threads that never wait for the pool, so that cached lists and health are served

# How soon a server is given up that vanished without closing its connections.
NETWORK = {
    "connect_timeout": 5,  # seconds
    "tcp_user_timeout": 10_000,  # milliseconds
    "keepalives_idle": 30,  # seconds
    "keepalives_interval": 5,
    "keepalives_count": 3,
}


def databases(folder: Path, *, production: bool, threads: int) -> dict[str, dict[str, Any]]:
    """Read DATABASE_URL and DB_POOL_*; the default is a SQLite file in `folder`.

    `threads` is the number of a worker's threads. Raises ImproperlyConfigured, without quoting the URL, which may
    contain a password.
    """
    database = _from_url(env.str("DATABASE_URL", default="") or f"sqlite:///{folder / 'db.sqlite3'}")
    database["ATOMIC_REQUESTS"] = False
    if database["ENGINE"] == "perf.db.sqlite3":
        # Closing a SQLite connection costs more than most requests, so each thread keeps its own.
        database["CONN_MAX_AGE"] = None
        database["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # Overwrite deleted data; most builds of SQLite leave it in the file.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON;",
        }
        # A file, not memory, so that threads share it as in production.
        database["TEST"] = {"NAME": str(folder / "test.sqlite3")}
        return {"default": database}
    database["CONN_MAX_AGE"] = 0
    database["CONN_HEALTH_CHECKS"] = True
    pool = _pool(production=production, threads=threads)
    database["OPTIONS"] = {**NETWORK, **database.get("OPTIONS", {}), "pool": pool}
    if boolean("PGBOUNCER", default=False):
        # In transaction mode the next statement may run in another server process, which has neither.
        database["DISABLE_SERVER_SIDE_CURSORS"] = True
        database["OPTIONS"]["prepare_threshold"] = None
    return {"default": database}


def _pool(*, production: bool, threads: int) -> dict[str, Any]:
    max_size = integer("DB_POOL_MAX_SIZE", 20 if production else 10, minimum=1)
    return {
        "min_size": integer("DB_POOL_MIN_SIZE", min(max_size, 10 if production else 5)),
        "max_size": max_size,
        "timeout": integer("DB_POOL_TIMEOUT", 10, minimum=1),
        "max_lifetime": integer("DB_POOL_MAX_LIFETIME", 3600, minimum=1),
        "max_waiting": max(1, threads - max_size - SPARE_THREADS),
        "reconnect_timeout": 5,
    }


def _from_url(url: str) -> dict[str, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it would quote the URL, if the scheme is unknown
            config = dict(env.db_url_config(url))
    except Exception:
        raise ImproperlyConfigured(
            "DATABASE_URL cannot be read. It looks like postgres://user:password@host:5432/name, "
            "with / # ? @ : in the password written as %2F %23 %3F %40 %3A."
        ) from None
    if config.get("ENGINE") == "django.db.backends.postgresql":
        config["ENGINE"] = "perf.db.postgresql"
    elif config.get("ENGINE") == "django.db.backends.sqlite3":
        config["ENGINE"] = "perf.db.sqlite3"
    else:
        raise ImproperlyConfigured("DATABASE_URL must start with sqlite:/// or postgres://.")
    if not config["NAME"]:
        raise ImproperlyConfigured("DATABASE_URL names no database: postgres://user:password@host:5432/name.")
    return config
