"""Slow requests say how long they waited for providers: in the log, in the API and on the pages."""

import pytest
from django.test import Client

from tests.helpers import events

pytestmark = pytest.mark.django_db(transaction=True)

WAIT = 0.2  # seconds


@pytest.fixture(autouse=True)
def everything_is_slow(settings):
    settings.SLOW_REQUEST_MS = 0


def body(*models):
    if len(models) == 1:
        return {"provider": "openai", "model": models[0], "message": "hello"}
    return {"prompt": "hello", "models": [{"provider": "openai", "model": model} for model in models]}


def logged(caplog, route):
    return next(each for each in caplog.records if each.name == "perf.slow_request" and each.route == route)


def test_a_chat(api, openai, staff, caplog):
    api.post("/api/v1/chat", body(f"stub?first={WAIT}"), HTTP_X_REQUEST_ID="the-id")
    record = logged(caplog, "api/v1/chat")
    assert WAIT <= record.provider_time <= record.duration
    desk = Client()
    desk.force_login(staff)
    slow = {each["request_id"]: each for each in desk.get("/api/v1/admin/perf/requests").json()["slow"]}
    assert slow["the-id"]["provider_time"] == record.provider_time
    page = desk.get("/admin/perf/request/?id=the-id").text
    assert f"<dt>Provider</dt><dd>{record.provider_time * 1000:.0f} ms</dd>" in page
    assert "by <a" in page
    assert ">ann</a>" in page


def test_a_comparison_waits_for_all_at_once(api, openai, caplog):
    api.post("/api/v1/compare", body(f"stub?first={WAIT}", f"stub?first={WAIT}&x=1"))
    record = logged(caplog, "api/v1/compare")
    # The models are called in threads of their own, a moment before the request begins to wait for them.
    assert WAIT * 0.9 <= record.provider_time <= record.duration


def test_a_stream_counts_to_its_first_byte_as_its_time_does(api, openai, caplog):
    assert events(api.post("/api/v1/chat/stream", body(f"stub?first={WAIT}")))[-1]["event"] == "done"
    record = logged(caplog, "api/v1/chat/stream")
    assert record.provider_time <= record.duration


def test_a_request_that_calls_nobody(api, caplog):
    api.get("/api/v1/conversations")
    assert logged(caplog, "api/v1/conversations").provider_time == 0
