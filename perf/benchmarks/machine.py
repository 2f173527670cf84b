"""The machine and the services that figures are measured on."""

import platform
import re
import sqlite3
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg
import redis

from perf.benchmarks.cases import Options

CPUINFO = Path("/proc/cpuinfo")


def machine(options: Options) -> dict[str, Any]:
    """Name processor, Python, Django, Granian, and the database and cache that the options choose.

    `load` is the number of processes that wanted to run in the minute before: more than 0 blurs every figure.
    """
    return {
        "cores": len(psutil.Process().cpu_affinity()),
        "cpu": _cpu(),
        "load": round(psutil.getloadavg()[0], 2),
        "system": platform.platform(),
        "python": platform.python_version(),
        "django": version("django"),
        "granian": version("granian"),
        "database": _database(options.database_url),
        "cache": _cache(options.redis_url),
    }


def described(options: Options) -> str:
    """Describe the machine in one line."""
    return ("{cores} cores of {cpu}, load {load}, Python {python}, Django {django}, {database}, {cache}").format_map(
        machine(options)
    )


def _cpu() -> str:
    """Return the processor's name, which psutil does not know."""
    names = re.findall(r"^model name\s*: (.+)$", CPUINFO.read_text() if CPUINFO.exists() else "", re.MULTILINE)
    return names[0] if names else platform.machine()


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
