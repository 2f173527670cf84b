"""Ranges of the performance pages, and what counts in their headline figures."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone

from perf.pages.performance import ranges
from perf.pages.performance.requests import headline, lines
from perf.timing import figures, flushing, recorder
from perf.timing.request_stats import RequestStats
from perf.timing.rows import SlowEvent
from tests.perf.pages.test_overview import texts

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(staff) -> Client:
    client = Client()
    client.force_login(staff)
    return client


def chosen(**query):
    return ranges.chosen(RequestFactory().get("/", query))


def record(route, status=200, seconds=0.25):
    stats = RequestStats(lambda: route)
    recorder.request_started(stats)
    recorder.request_finished(stats, recorder.FinishedRequest("GET", route, status, seconds))


def test_yesterday_is_a_day_that_is_over():
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    found = chosen(range="yesterday")
    assert (found.since, found.until, found.over) == (midnight - timedelta(days=1), midnight, True)
    today = chosen(range="today")
    assert (today.since, today.over) == (midnight, False)


def test_between_two_moments():
    now = timezone.now().replace(second=0, microsecond=0)
    since, until = now - timedelta(hours=5), now - timedelta(hours=2)
    found = chosen(since=f"{since:%Y-%m-%dT%H:%M}", until=f"{until:%Y-%m-%dT%H:%M}")
    assert (found.name, found.since, found.until, found.seconds) == ("", since, until, 3 * 3600)
    assert chosen(**dict(part.split("=") for part in found.query.replace("%3A", ":").split("&"))) == found


@pytest.mark.parametrize(
    "query",
    [
        {"range": "nonsense"},
        {"since": "x"},
        {"since": "2026-13-45T00:00"},
        {"since": "2999-01-01T00:00"},
        {"since": "2020-01-02T00:00", "until": "2020-01-01T00:00"},
        {"until": "2020-01-01T00:00"},
    ],
)
def test_what_makes_no_sense_is_the_default(query):
    assert chosen(**query).name == "1h"


def test_the_end_of_a_range_is_not_in_it():
    record("a")
    flushing.flush()
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    before = figures.load(hour - timedelta(days=1), hour)
    assert (before.all_requests().count, before.until) == (0, hour)
    assert figures.load(hour - timedelta(days=1), hour + timedelta(hours=1)).all_requests().count == 1


def test_a_page_of_a_day_that_is_over_shows_no_gauges(desk):
    record("a/<route>")
    shown = texts(desk.get("/admin/perf/", {"range": "yesterday"}))
    assert "No requests in this range." in shown
    assert "In flight" not in shown
    assert "refresh every" not in shown
    assert "In flight" in texts(desk.get("/admin/perf/", {"range": "today"}))


def test_the_headline_leaves_out_static_files_and_the_admin():
    for route, status in (("api/v1/chat", 200), ("api/v1/chat", 502), ("(static)", 200), ("admin/perf/", 500)):
        record(route, status)
    found = headline(figures.load())
    assert (found.times.count, found.failed, found.error_rate) == (2, 1, 0.5)


def test_users_are_named(ann, django_assert_num_queries):
    at = datetime(2026, 11, 28, tzinfo=UTC)
    events = [SlowEvent(at, 1.0, {"user_id": pk}) for pk in (ann.pk, None, 999_999, ann.pk)]
    with django_assert_num_queries(1):
        assert [line.user for line in lines(events)] == ["ann", "", "user 999999, deleted", "ann"]


def test_the_api_takes_an_end(staff):
    client = Client()
    client.force_login(staff)
    path = "/api/v1/admin/perf/requests"
    record("a")
    day = {"since": "2020-01-01T00:00:00Z", "until": "2020-01-02T00:00:00Z"}
    assert client.get(path, day).json()["results"] == []
    refused = client.get(path, {"since": day["until"], "until": day["since"]})
    assert (refused.status_code, refused.json()["details"]) == (400, {"until": ["Must be later than `since`."]})
