"""`manage.py perf_report`: what the performance page shows, in a terminal."""

import json

import pytest
from django.core.management import CommandError, call_command

from perf.timing import flushing, recorder
from perf.timing.fingerprint import fingerprint_of
from perf.timing.request_stats import RequestStats

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def measured():
    """Flush a request and a statement, as if another process had measured them."""
    stats = RequestStats(lambda: "a/<route>")
    recorder.request_started(stats)
    recorder.request_finished(stats, recorder.FinishedRequest("GET", "a/<route>", 200, 0.25))
    recorder.query(fingerprint_of("SELECT a FROM t WHERE id = %s"), 0.02, 3)
    recorder.cache_lookup("models", hit=True, seconds=0.001)
    assert flushing.flush()
    flushing.worker = flushing.Worker()


def test_tables(capsys):
    call_command("perf_report")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("UTC, all workers; time in the application")
    assert lines[1].startswith("1 request, ")
    assert [line for line in lines if line.endswith("GET a/<route> (200 \u00d7 1)")]
    assert [line for line in lines if line.endswith("SELECT a FROM t WHERE id = %s")]
    assert [line.split()[:3] for line in lines if line.endswith("  models")] == [["100.0%", "1", "0"]]


@pytest.mark.parametrize("since", ["15m", "7d", "2020-01-01T00:00:00Z", "2020-01-01 00:00"])
def test_json(capsys, since):
    call_command("perf_report", "--json", "--since", since)
    found = json.loads(capsys.readouterr().out)
    assert [(row["method"], row["route"], row["times"]["count"]) for row in found["requests"]] == [
        ("GET", "a/<route>", 1)
    ]
    assert found["times"]["total"] == 0.25


@pytest.mark.parametrize("since", ["tomorrow", "2026-13-01T00:00"])
def test_a_since_that_is_no_time(since):
    with pytest.raises(CommandError, match="--since must be one of 15m, 1h"):
        call_command("perf_report", "--since", since)


def test_figures_that_cannot_be_reached(settings):
    gone = {**settings.CACHES["default"], "BACKEND": "django_redis.cache.RedisCache", "LOCATION": "redis://127.0.0.1:1"}
    settings.CACHES, settings.REDIS_URL = {"default": gone}, "redis://127.0.0.1:1"
    with pytest.raises(CommandError, match="The figures in Redis cannot be read: "):
        call_command("perf_report")


def test_an_end(capsys):
    call_command("perf_report", "--json", "--since", "2020-01-01T00:00:00Z", "--until", "2020-01-02T00:00:00Z")
    assert json.loads(capsys.readouterr().out)["requests"] == []
    call_command("perf_report", "--json", "--since", "yesterday")
    found = json.loads(capsys.readouterr().out)
    assert found["requests"] == []
    assert (found["since"][10:], found["until"][10:]) == ("T00:00:00Z", "T00:00:00Z")


@pytest.mark.parametrize(("until", "said"), [("x", "--until must be a time"), ("2020-01-01T00:00:00Z", "later than")])
def test_an_end_that_makes_no_sense(until, said):
    with pytest.raises(CommandError, match=said):
        call_command("perf_report", "--since", "2021-01-01T00:00:00Z", "--until", until)
