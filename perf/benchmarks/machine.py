"""What figures were measured on."""

import os
import platform
import sqlite3
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import redis

from perf.benchmarks.cases import Options

CPUINFO = Path("/proc/cpuinfo")


def machine(options: Options) -> dict[str, Any]:
    """Name processor, Python, Django, Granian, and the database and cache that the options choose.

    `load` is the number of processes that wanted to run in the minute before: more than 0 blurs every figure.
    """
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": _cpu(),
        "load": round(os.getloadavg()[0], 2),
        "system": platform.platform(),
        "python": platform.python_version(),
        "django": version("django"),
        "granian": version("granian"),
        "database": _database(options.database_url),
        "cache": _cache(options.redis_url),
    }


def said(options: Options) -> str:
    """Say the same in a line."""
    known = machine(options)
    parts = [f"{known['cores']} cores of {known['cpu']}", f"load {known['load']}", f"Python {known['python']}"]
    return ", ".join([*parts, f"Django {known['django']}", known["database"], known["cache"]])


def _cpu() -> str:
    for line in CPUINFO.read_text().splitlines() if CPUINFO.exists() else ():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _database(url: str | None) -> str:
    if url is None:
        return f"SQLite {sqlite3.sqlite_version}"
    with psycopg.connect(urlsplit(url)._replace(path="/postgres").geturl()) as server:
        number = server.info.server_version
    return f"PostgreSQL {number // 10_000}.{number % 10_000}"


def _cache(url: str | None) -> str:
    if url is None:
        return "memory of the process"
    with redis.Redis.from_url(url) as client:
        return f"Redis {client.info('server')['redis_version']}"
