"""Logs as JSON, one line for each event, with the id of the request that it belongs to."""

import logging
import threading
import time
import traceback
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.json import JsonFormatter as BaseJsonFormatter

# At DEBUG these loggers write what people sent and were answered.
VERBOSE = ("urllib3", "httpx2", "httpcore2")

REPEAT = 60.0  # seconds between errors of one kind
KINDS_LIMIT = 1000  # kinds remembered

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
        """Add the id of the request that the thread works on."""
        if (current := request_id.get()) is not None:
            record.request_id = current
        return super().format(record)


class Repeats(logging.Filter):
    """Lets one error a minute of each kind through, which says how many were left out since the last (`suppressed`).

    While a database is full every request fails in the same way, and a traceback of each would fill the disk. A kind is
    a logger with the driver's code of what was raised, or its class and the line that raised it; without an exception
    it is the message.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._kinds: dict[tuple[str, ...], tuple[float, int]] = {}  # when one was let through, how many were not since

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to write a record."""
        if record.levelno < logging.ERROR:
            return True
        kind, now = _kind(record), time.monotonic()
        with self._lock:
            if len(self._kinds) > KINDS_LIMIT:
                self._kinds.clear()
            written, left_out = self._kinds.get(kind, (float("-inf"), 0))
            if now - written < REPEAT:
                self._kinds[kind] = written, left_out + 1
                return False
            self._kinds[kind] = now, 0
        if left_out:
            record.suppressed = left_out
        return True


def _kind(record: logging.LogRecord) -> tuple[str, ...]:
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return record.name, str(record.msg)
    for each in (error.__cause__, error):
        if code := getattr(each, "sqlstate", None) or getattr(each, "sqlite_errorname", None):
            return record.name, str(code)
    last = traceback.extract_tb(error.__traceback__, limit=-1)
    return record.name, type(error).__name__, *(f"{frame.filename}:{frame.lineno}" for frame in last)


def json_logging(level: str) -> dict[str, Any]:
    """Return the LOGGING setting: records of `level` and above go to standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "perf.serving.logs.JsonFormatter"}},
        "filters": {"repeats": {"()": "perf.serving.logs.Repeats"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["repeats"]}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # The error envelope and the timing middleware log each failed request once, with more details.
            "django.request": {"level": "CRITICAL"},
            **{name: {"level": "WARNING"} for name in VERBOSE},
            # A crowd of streams that ends leaves more connections than are kept, each of which would be a warning.
            "urllib3.connectionpool": {"level": "ERROR"},
            # It logs every attempt to connect; our pool logs once that the server is gone.
            "psycopg.pool": {"level": "ERROR"},
        },
    }
