"""Requests: labelled by route, timed to the last byte, described without what was in them."""

import logging

import pytest
from django.db import connection
from django.http import StreamingHttpResponse
from django.test import RequestFactory

from perf.middleware import TimingMiddleware
from perf.timing import figures, recorder
from tests.helpers import client_for, conversation, events

pytestmark = pytest.mark.django_db


def requests():
    return {(row.method, row.route): row for row in figures.load().requests()}


def in_flight():
    return figures.load().gauges["in_flight"]


def test_a_route_is_its_pattern(api, ann):
    for _ in range(3):
        api.get(f"/api/v1/conversations/{conversation(ann).pk}")
    api.get("/api/v1/conversations/018f3f6e-0000-7000-8000-000000000000")
    row = requests()["GET", "api/v1/conversations/<uuid:pk>"]
    assert (row.times.count, row.statuses, row.failed, row.error_rate) == (4, {"200": 3, "404": 1}, 0, 0.0)
    assert 0 < row.times.p50 <= row.times.p95 <= row.times.p99
    assert row.queries >= 1
    assert 0 < row.database_time < row.times.total
    assert row.streams is None


def test_what_matches_nothing_shares_a_label(api, client):
    for number in range(20):
        api.get(f"/api/v1/nothing/{number}")
        client.get(f"/nowhere/{number}")
    assert client.get("/static/admin/css/base.css").getvalue()
    client.generic("BREW", "/coffee")
    counts = {key: row.times.count for key, row in requests().items()}
    assert counts == {("GET", "(unmatched)"): 40, ("GET", "(static)"): 1, ("OTHER", "(unmatched)"): 1}


def test_a_crash_is_a_failure_and_ends():
    def crash(request):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        TimingMiddleware(crash)(RequestFactory().get("/"))
    row = requests()["GET", "(unmatched)"]
    assert (row.statuses, row.failed, row.error_rate) == ({"500": 1}, 1, 1.0)
    assert in_flight() == 0


def stream(pieces):
    request = RequestFactory().get("/", headers={"X-Request-ID": "the-id"})
    return TimingMiddleware(lambda _: StreamingHttpResponse(pieces))(request)


def query():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


@pytest.mark.django_db(transaction=True)
def test_a_stream_is_timed_to_its_first_byte_and_to_its_end(caplog):
    def pieces():
        query()
        yield b"first"
        logging.getLogger("x").warning("in the stream")
        recorder.cache_lookup("n", hit=True, seconds=0.001)
        query()
        yield b"last"

    response = stream(pieces())
    assert in_flight() == 1
    assert requests() == {}
    assert b"".join(response.streaming_content) == b"firstlast"
    response.close()
    response.close()
    row = requests()["GET", "(unmatched)"]
    assert (row.times.count, row.streams.count, row.queries, in_flight()) == (1, 1, 2, 0)
    assert row.times.total < row.streams.total


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("read", [0, 1])
def test_a_stream_that_is_left_ends_too(read):
    cleaned = []

    def pieces():
        try:
            yield b"first"
            yield b"never read"
        finally:
            query()
            cleaned.append(True)

    response = stream(pieces())
    for _ in range(read):
        next(iter(response.streaming_content))
    response.close()
    row = requests()["GET", "(unmatched)"]
    assert (row.times.count, row.streams.count, row.queries, in_flight()) == (1, 1, read, 0)
    assert cleaned == [True] * read


@pytest.mark.django_db(transaction=True)
def test_the_thread_that_reads_the_provider_is_not_the_request(api, echo):
    body = {"provider": "echo", "model": "echo-fast", "message": "one two"}
    assert events(api.post("/api/v1/chat/stream", body))[-1]["event"] == "done"
    row = requests()["POST", "api/v1/chat/stream"]
    request_queries = sum(found.times.count for found in figures.load().queries() if found.origin == "request")
    assert (row.times.count, row.streams.count, row.queries) == (1, 1, request_queries)


def test_staff_are_told_where_the_time_went(staff, api, ann):
    answer = client_for(staff).get("/api/v1/conversations")
    assert [part.split(";")[0] for part in answer.headers["Server-Timing"].split(", ")] == ["app", "db", "cache"]
    assert 'desc="2 queries"' in answer.headers["Server-Timing"]
    assert "Server-Timing" not in api.get("/api/v1/conversations").headers


def test_developers_are_told_too_at_no_cost(client, settings, django_assert_num_queries):
    settings.DEBUG = True
    with django_assert_num_queries(0):
        answer = client.get("/health/live")
    assert 'db;dur=0.0;desc="0 queries"' in answer.headers["Server-Timing"]


def test_a_slow_request_is_logged_with_what_it_did(ann, settings, caplog):
    settings.SLOW_REQUEST_MS = 0
    row = conversation(ann)
    client_for(ann).get(f"/api/v1/conversations/{row.pk}?secret=1", headers={"X-Request-ID": "the-id"})
    (record,) = [record for record in caplog.records if record.name == "perf.slow_request"]
    logged = {name: getattr(record, name) for name in ("method", "route", "status", "user_id", "request_id")}
    assert logged == {
        "method": "GET",
        "route": "api/v1/conversations/<uuid:pk>",
        "status": 200,
        "user_id": ann.pk,
        "request_id": "the-id",
    }
    assert record.query_count > 0
    assert 0 < record.database_time < record.duration
    assert "secret" not in str(vars(record))
    (event,) = figures.load().slow_requests()
    assert event.details["request_id"] == "the-id"


def test_timing_can_be_off(api, settings):
    settings.TIMING = False
    settings.SLOW_REQUEST_MS = 0
    answer = api.get("/api/v1/conversations")
    assert (answer.status_code, "X-Response-Time" in answer.headers) == (200, True)
    settings.TIMING = True
    assert requests() == {}


def test_a_fault_of_the_recorder_changes_no_answer(api, caplog):
    usual = api.get("/api/v1/conversations")
    faults = []

    def with_a_label_that_cannot_be_counted(execute, *arguments):
        recorder.cache_lookup(["unhashable"], hit=True, seconds=0.0)
        faults.append(1)
        return execute(*arguments)

    with connection.execute_wrapper(with_a_label_that_cannot_be_counted):
        for number in range(1, 4):
            answer = api.get("/api/v1/conversations")
            assert (answer.status_code, answer.content) == (200, usual.content)
            assert len(faults) >= number
    (record,) = [record for record in caplog.records if record.name == "perf.timing"]
    assert (record.message, "unhashable" in record.error) == ("recording fails", True)
    assert in_flight() == 0
