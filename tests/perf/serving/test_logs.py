"""Errors that repeat are written once a minute for each kind, with how many were left out."""

import logging
import sqlite3
from io import StringIO

import psycopg
import pytest
from django.db import OperationalError

from perf.serving import logs
from perf.serving.logs import JsonFormatter, RepeatFilter


@pytest.fixture
def log():
    """Return a logger as the project writes its log, and what it wrote."""
    written, logger = StringIO(), logging.getLogger("test")
    logger.propagate = False
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(RepeatFilter())
    logger.addHandler(handler)
    yield logger, lambda: written.getvalue().splitlines()
    logger.removeHandler(handler)
    logger.propagate = True


def fail(logger, error, message="it fails"):
    try:
        raise error
    except type(error):
        logger.exception(message)


def test_one_line_a_minute_with_the_number_suppressed(log, monkeypatch):
    logger, lines = log
    for _ in range(50):
        fail(logger, OSError("no"))
    assert len(lines()) == 1
    monkeypatch.setattr(logs, "INTERVAL", 0.0)
    fail(logger, OSError("no"))
    assert len(lines()) == 2
    assert '"suppressed": 49' in lines()[1]
    assert "suppressed" not in lines()[0]


def test_database_errors_differ_by_their_code(log):
    logger, lines = log
    for _ in range(3):
        for cause in (psycopg.errors.LockNotAvailable(), psycopg.errors.DiskFull(), sqlite3.OperationalError()):
            error = OperationalError()
            error.__cause__ = cause
            fail(logger, error)
    assert len(lines()) == 3


def test_records_without_an_exception_differ_by_message(log):
    logger, lines = log
    for number in range(6):
        logger.error("one" if number % 2 else "the other", extra={"number": number})
    assert len(lines()) == 2


def test_user_input_makes_no_new_kind_of_error(log):
    """Django writes the host that was asked for into the message."""
    logger, lines = log
    for number in range(20):
        fail(logger, ValueError(f"host {number}"), f"host {number}")
    assert len(lines()) == 1


def test_warnings_are_not_suppressed(log):
    logger, lines = log
    for _ in range(3):
        logger.warning("slow request")
    assert len(lines()) == 3
