"""GET /api/v1/admin/perf/requests, /queries, /caches."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from models_registry.calls.figures import record_call
from models_registry.calls.measurement import Measurement
from perf.timing import recorder
from perf.timing.fingerprint import fingerprint_id, fingerprint_of
from perf.timing.request_stats import RequestStats, current_stats
from tests.helpers import client_for, error

pytestmark = pytest.mark.django_db

URL = "/api/v1/admin/perf"
NAMES = ("requests", "queries", "caches")
NOTHING = {"count": 0, "total": 0.0, "mean": None, "p50": None, "p95": None, "p99": None}
SQL = "SELECT a FROM t WHERE id IN (%s, %s)"


def times(count, seconds):
    """Say what so many times of the same length look like, percentiles within 2 %."""
    close = pytest.approx(seconds, rel=0.021)
    mean = pytest.approx(seconds)
    return {
        "count": count,
        "total": pytest.approx(count * seconds),
        "mean": mean,
        "p50": close,
        "p95": close,
        "p99": close,
    }


def request(status, seconds, queries=0, streamed=None):
    stats = RequestStats(lambda: "a/<route>")
    token = current_stats.set(stats)
    recorder.request_started(stats)
    for _ in range(queries):
        recorder.query(fingerprint_of(SQL), 0.02, 3)
    recorder.cache_lookup("models", hit=True, seconds=0.001)
    current_stats.reset(token)
    recorder.request_finished(stats, recorder.FinishedRequest("GET", "a/<route>", status, seconds, streamed))


@pytest.fixture
def measured(staff):
    """Return a client of staff's that has been measured, and then something that is known exactly."""
    client = client_for(staff)
    client.get(f"{URL}/caches")
    recorder.drain()
    return client


def figures(client, name, **parameters):
    body = client.get(f"{URL}/{name}", parameters).json()
    since, until = (datetime.fromisoformat(body.pop(key)) for key in ("since", "until"))
    assert timedelta(0) <= timezone.now() - until < timedelta(seconds=10)
    assert body.pop("seconds") == pytest.approx((until - since).total_seconds(), abs=1)
    return body


def test_requests(measured):
    for status, streamed in ((200, None), (200, 3.0), (500, None)):
        request(status, 0.4, queries=2, streamed=streamed)
    recorder.pool_wait(0.5)
    known = Measurement(2.0, prompt_tokens=3, completion_tokens=4, cache_read_tokens=2, reasoning_tokens=1)
    priced = known._replace(cost=Decimal("0.0000015"))
    record_call(provider="echo", model="m", outcome="ok", ttft=0.5, measured=priced)
    record_call(provider="echo", model="m", outcome="failed", ttft=None, measured=known)
    body = figures(measured, "requests")
    (row,) = body.pop("results")
    (point,) = body.pop("history")
    seconds = point["seconds"]
    assert row == {
        "method": "GET",
        "route": "a/<route>",
        "times": times(3, 0.4),
        "requests_per_second": pytest.approx(3 / max(seconds, 1), rel=0.1),
        "statuses": {"200": 2, "500": 1},
        "failed": 1,
        "error_rate": pytest.approx(1 / 3),
        "queries": 2.0,
        "database_time": pytest.approx(0.04),
        "pool_wait": 0.0,
        "streams": times(1, 3.0),
    }
    assert (point["times"], point["failed"]) == (times(3, 0.4), 1)
    assert body.pop("requests_per_second") == row["requests_per_second"]
    (provider,) = body.pop("providers")
    assert provider == {
        "provider": "echo",
        "model": "m",
        "times": times(2, 2.0),
        "failed": 1,
        "prompt_tokens": 6,
        "completion_tokens": 8,
        "cost": "0.000001500",
        "priced": 1,
        "cache_read_tokens": 4,
        "reasoning_tokens": 2,
        "first_token": times(1, 0.5),
    }
    assert body == {"in_flight": 1, "error_rate": row["error_rate"], "times": times(3, 0.4), "slow": []}


def test_queries(measured):
    request(200, 0.1, queries=10)
    recorder.slow_query(fingerprint_of(SQL), 0.2, "a/<route>")
    recorder.pool_wait(0.5)
    body = figures(measured, "queries")
    rows = [row for row in body.pop("results") if row["origin"] == "request"]
    folded = "SELECT a FROM t WHERE id IN (...)"
    assert datetime.fromisoformat(rows[0].pop("slowest_at")) <= timezone.now()
    assert rows == [
        {
            "id": fingerprint_id(folded),
            "fingerprint": folded,
            "origin": "request",
            "times": times(10, 0.02),
            "failed": 0,
            "rows": 3.0,
            "routes": {"a/<route>": 10},
            "slowest": 0.02,
            "slowest_route": "a/<route>",
            "slowest_example": SQL,
        }
    ]
    suspects = body.pop("n_plus_one")
    assert datetime.fromisoformat(suspects[0].pop("worst_at")) <= timezone.now()
    assert suspects == [
        {"route": "a/<route>", "id": fingerprint_id(folded), "fingerprint": folded, "requests": 1, "worst_count": 10}
    ]
    (slow,) = body.pop("slow")
    assert datetime.fromisoformat(slow.pop("at")) <= timezone.now()
    assert slow == {"duration": 0.2, "sql": SQL, "route": "a/<route>"}
    assert body == {"pool_wait": times(1, 0.5)}


def test_caches(measured):
    for hit in (True, True, True, False):
        recorder.cache_lookup("models", hit=hit, seconds=0.001)
    (row,) = [row for row in figures(measured, "caches")["results"] if row["namespace"] == "models"]
    assert row == {"namespace": "models", "hits": 3, "misses": 1, "hit_rate": 0.75, "times": times(4, 0.001)}


def test_nothing_measured_is_no_failure(measured):
    body = figures(measured, "requests")
    assert body == {
        "in_flight": 1,
        "requests_per_second": 0.0,
        "error_rate": 0.0,
        "times": NOTHING,
        "history": [],
        "results": [],
        "slow": [],
        "providers": [],
    }


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "5"])
def test_a_since_that_is_no_time_is_named(staff, name, since):
    response = client_for(staff).get(f"{URL}/{name}", {"since": since})
    assert (response.status_code, response.json()["error"]) == (400, "invalid")
    assert list(response.json()["details"]) == ["since"]


@pytest.mark.parametrize("since", ["2020-01-01T00:00:00Z", "2020-01-01", "2126-01-01T00:00:00+02:00"])
def test_any_time_will_do(staff, since):
    assert client_for(staff).get(f"{URL}/requests", {"since": since}).status_code == 200


def test_since_leaves_out_what_was_before(measured):
    request(200, 0.1)
    since = (timezone.now() + timedelta(minutes=2)).isoformat()
    assert measured.get(f"{URL}/requests", {"since": since}).json()["times"]["count"] in (0, 1)
    day_ago = (timezone.now() - timedelta(days=1)).isoformat()
    assert measured.get(f"{URL}/requests", {"since": day_ago}).json()["times"]["count"] >= 1


@pytest.mark.parametrize("name", NAMES)
def test_others_may_not(api, visitor, name):
    message = "You do not have permission to perform this action."
    assert api.get(f"{URL}/{name}").json() == error("permission_denied", message)
    assert visitor.get(f"{URL}/{name}").status_code == 401


@pytest.mark.parametrize("name", NAMES)
def test_nobody_keeps_them(staff, name, settings, django_assert_num_queries):
    client = client_for(staff)
    with django_assert_num_queries(1 if settings.REDIS_URL else 2):
        assert client.get(f"{URL}/{name}").headers["Cache-Control"] == "no-store"
