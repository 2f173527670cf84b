"""Logging in JSON: one line for each event, with the id of its request."""

import logging
import threading
import time
import traceback
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.json import JsonFormatter as BaseJsonFormatter

from perf.db.connections import driver_code

# At DEBUG these loggers write the bodies of requests and responses.
VERBOSE = ("urllib3", "httpx2", "httpcore2")

INTERVAL = 60.0  # seconds between errors of one kind
MAX_KINDS = 1000  # kinds remembered

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


class JsonFormatter(BaseJsonFormatter):
    """Writes time, level, logger, message, request id, and the `extra` fields of the call."""

    def __init__(self) -> None:
        super().__init__(
            "{asctime}{levelname}{name}{message}",
            style="{",
            datefmt="%Y-%m-%dT%H:%M:%S%z",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        )

    def format(self, record: logging.LogRecord) -> str:
        """Add the id of the thread's current request."""
        if (current := request_id.get()) is not None:
            record.request_id = current
        return super().format(record)


class RepeatFilter(logging.Filter):
    """Passes one error of each kind a minute, with the number suppressed since the last one (`suppressed`).

    While a database is full every request fails in the same way, and the tracebacks would fill the disk. The kind of an
    error is its logger, and the driver's code, or else the class of the exception and the line that raised it. Without
    an exception it is the logger and the message.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._kinds: dict[tuple[str, ...], tuple[float, int]] = {}  # passed at, suppressed since

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to write a record."""
        if record.levelno < logging.ERROR:
            return True
        kind, now = _kind(record), time.monotonic()
        with self._lock:
            if len(self._kinds) > MAX_KINDS:
                self._kinds.clear()
            passed_at, suppressed = self._kinds.get(kind, (float("-inf"), 0))
            if now - passed_at < INTERVAL:
                self._kinds[kind] = passed_at, suppressed + 1
                return False
            self._kinds[kind] = now, 0
        if suppressed:
            record.suppressed = suppressed
        return True


def _kind(record: logging.LogRecord) -> tuple[str, ...]:
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return record.name, str(record.msg)
    if code := driver_code(error):
        return record.name, code
    last = traceback.extract_tb(error.__traceback__, limit=-1)
    return record.name, type(error).__name__, *(f"{frame.filename}:{frame.lineno}" for frame in last)


def json_logging(level: str) -> dict[str, Any]:
    """Return the LOGGING setting: records of `level` and above go to standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "perf.serving.logs.JsonFormatter"}},
        "filters": {"repeats": {"()": "perf.serving.logs.RepeatFilter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["repeats"]}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Who gave and took away access is logged at any level of the others.
            "audit": {"level": "INFO"},
            # The error envelope and the timing middleware log each failed request once, with more details.
            "django.request": {"level": "CRITICAL"},
            **{name: {"level": "WARNING"} for name in VERBOSE},
            # It warns of each connection that its pool cannot keep, as when many streams end at once.
            "urllib3.connectionpool": {"level": "ERROR"},
            # It logs every attempt to connect; our pool logs an outage once.
            "psycopg.pool": {"level": "ERROR"},
        },
    }
