"""A stream whose result cannot be stored ends with an error that says so, after some seconds of trying."""

import pytest
from django.db import IntegrityError, OperationalError

from conversations.completions import storing
from conversations.completions.responses import store_and_ping
from conversations.completions.sse import PING
from conversations.completions.storing import Storing, shorten_deadlines


class Store:
    """Raises these errors one after the other, then stores."""

    def __init__(self, *errors):
        self.errors, self.calls = list(errors), []

    def __call__(self, again):
        self.calls.append(again)
        if self.errors:
            raise self.errors.pop(0)


def read(stream):
    """Read a generator to its end; returns what it yielded and returned."""
    yielded = []
    while True:
        try:
            yielded.append(next(stream))
        except StopIteration as end:
            return yielded, end.value


def test_a_stored_answer_yields_no_pings():
    store = Store()
    assert read(store_and_ping(Storing(store).attempts())) == ([], None)
    assert store.calls == [False]


def test_a_temporary_error_is_retried_with_a_ping_for_the_client():
    store = Store(OperationalError("gone"), OperationalError("gone"))
    assert read(store_and_ping(Storing(store).attempts())) == ([PING, PING], None)
    assert store.calls == [False, True, True]


def test_retries_go_on_after_the_client_has_left():
    store = Store(OperationalError("gone"), OperationalError("gone"))
    storing = Storing(store)
    stream = store_and_ping(storing.attempts())
    next(stream)
    stream.close()
    assert not storing.over
    storing.wait()
    assert (storing.over, store.calls) == (True, [False, True, True])
    storing.wait()  # it is stored once
    assert len(store.calls) == 3


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OperationalError("disk full"), "database_unavailable"),
        (IntegrityError("key"), "database_unavailable"),
        (OverflowError(), "server_error"),
    ],
)
def test_every_failure_has_its_error_code(settings, caplog, error, code):
    settings.ANSWER_STORE_SECONDS = 0
    _, failure = read(store_and_ping(Storing(Store(error, error), conversation_id=7).attempts()))
    assert (failure.get_codes(), str(failure.detail)) == (code, "What has arrived could not be stored.")
    (record,) = caplog.records
    assert (record.message, record.error, record.conversation_id) == (
        "an answer could not be stored",
        type(error).__name__,
        7,
    )


def test_a_permanent_error_is_not_retried(settings):
    settings.ANSWER_STORE_SECONDS = 60
    store = Store(IntegrityError("key"))
    with pytest.raises(IntegrityError):
        Storing(store).wait()
    assert store.calls == [False]


def test_retries_end_when_the_server_is_about_to_be_killed(settings, monkeypatch):
    settings.ANSWER_STORE_SECONDS = 60
    monkeypatch.setattr(storing, "LAST_SECONDS", 0.2)
    monkeypatch.setattr(storing, "_end", float("inf"))
    shorten_deadlines()
    with pytest.raises(OperationalError):
        Storing(Store(*[OperationalError("gone")] * 50)).wait()
