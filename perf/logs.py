"""Logs as JSON, one line an event, each with the id of the request it belongs to."""

import logging
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.json import JsonFormatter as BaseJsonFormatter

# At DEBUG these would log what people wrote.
TALKATIVE = ("openai", "anthropic", "httpx2", "httpcore2")

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


class JsonFormatter(BaseJsonFormatter):
    """Time, level, logger, message, request id, and whatever the call gave as `extra`."""

    def __init__(self) -> None:
        super().__init__(
            "{asctime}{levelname}{name}{message}",
            style="{",
            datefmt="%Y-%m-%dT%H:%M:%S%z",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        )

    def format(self, record: logging.LogRecord) -> str:
        """Add the request id of the thread that logs."""
        if (current := request_id.get()) is not None:
            record.request_id = current
        return super().format(record)


def json_logging(level: str) -> dict[str, Any]:
    """Write the LOGGING setting: everything from `level` on goes to standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "perf.logs.JsonFormatter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # The envelope and the timing middleware log each failed request once, with more to go on.
            "django.request": {"level": "CRITICAL"},
            **{name: {"level": "WARNING"} for name in TALKATIVE},
            # It logs each attempt of each slot to connect; our pool says once what they come to.
            "psycopg.pool": {"level": "ERROR"},
        },
    }
