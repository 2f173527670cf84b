"""GET /metrics: counters of all workers that only grow, for those who may read them."""

import time
from ipaddress import ip_network

import pytest
from django.core.exceptions import ImproperlyConfigured
from prometheus_client.parser import text_string_to_metric_families

from llmselect_project.config.environment import networks
from models_registry.calls.figures import record_call
from models_registry.calls.measurement import Measurement
from perf.timing import flushing, recorder
from perf.timing.fingerprint import fingerprint_of
from perf.timing.request_stats import RequestStats
from perf.timing.stores import TOTALS, RedisStore, TableStore, store
from perf.timing.totals import EXITED, EXITED_AFTER, Totals
from tests.helpers import error

pytestmark = pytest.mark.django_db(transaction=True)

NOT_FOUND = error("not_found", "Not found.")
ROUTE = {"method": "GET", "route": "a/<route>"}


def request(status=200, seconds=0.04):
    stats = RequestStats(lambda: "a/<route>")
    recorder.request_started(stats)
    recorder.request_finished(stats, recorder.FinishedRequest("GET", "a/<route>", status, seconds))


def scraped(client, **labels):
    """Return the value of each sample with these labels, by its name."""
    response = client.get("/metrics")
    assert response.status_code == 200
    samples = [one for family in text_string_to_metric_families(response.content.decode()) for one in family.samples]
    return {
        (one.name, *sorted(set(one.labels.items()) - set(labels.items()))): one.value
        for one in samples
        if set(labels.items()) <= set(one.labels.items())
    }


def test_requests(client):
    for status, seconds in ((200, 0.04), (200, 0.2), (500, 90.0)):
        request(status, seconds)
    assert flushing.flush()
    found = scraped(client, **ROUTE)
    assert found[("llmselect_requests_total", ("status", "200"))] == 2
    assert found[("llmselect_requests_total", ("status", "500"))] == 1
    name = "llmselect_request_duration_seconds"
    assert (found[(f"{name}_count",)], found[(f"{name}_sum",)]) == (3, pytest.approx(90.24))
    counts = [found[(f"{name}_bucket", ("le", bound))] for bound in ("0.025", "0.05", "0.1", "0.25", "60.0", "+Inf")]
    assert counts == [0, 1, 1, 2, 2, 3]


def test_everything_else(client):
    token = recorder.origin.set("command")
    recorder.query(fingerprint_of("SELECT one"), 0.02, 3)
    recorder.query(fingerprint_of("SELECT two"), 0.02, recorder.FAILED)
    recorder.origin.reset(token)
    recorder.cache_lookup("models", hit=True, seconds=0.001)
    recorder.pool_wait(0.5)
    call, measured = {"provider": "openai", "model": 'a "model"'}, Measurement(2.0, None, 3, 4, 2, reasoning_tokens=1)
    record_call(**call, outcome="ok", ttft=0.5, measured=measured)
    record_call(**call, outcome="failed", ttft=None, measured=measured._replace(cost=2))
    assert flushing.flush()
    found = scraped(client, origin="command")
    assert found[("llmselect_query_duration_seconds_count",)] >= 2
    assert found[("llmselect_query_failures_total",)] == 1
    assert scraped(client, namespace="models")[("llmselect_cache_lookups_total", ("result", "hit"))] == 1
    assert scraped(client)[("llmselect_pool_wait_seconds_sum",)] >= 0.5
    found = scraped(client, provider="openai", model='a "model"')
    assert {key: value for key, value in found.items() if "bucket" not in key[0]} == {
        ("llmselect_provider_calls_total", ("outcome", "ok")): 1,
        ("llmselect_provider_calls_total", ("outcome", "failed")): 1,
        ("llmselect_provider_call_duration_seconds_count",): 2,
        ("llmselect_provider_call_duration_seconds_sum",): 4,
        ("llmselect_provider_first_token_seconds_count",): 1,
        ("llmselect_provider_first_token_seconds_sum",): 0.5,
        ("llmselect_provider_prompt_tokens_total",): 6,
        ("llmselect_provider_completion_tokens_total",): 8,
        ("llmselect_provider_cache_read_tokens_total",): 4,
        ("llmselect_provider_reasoning_tokens_total",): 2,
        ("llmselect_provider_cost_usd_total",): 2,
    }
    assert ("llmselect_requests_in_flight",) in scraped(client)


def test_a_counter_never_falls_though_workers_and_minutes_go(client):
    """One worker after the other measures, hands on and is gone; what was read must grow by what was measured."""
    kept, minute, seen = store(), flushing.current_minute(), []
    for number in range(4):
        moment = minute - 1000 * 3600 + number * 3600
        flushing.worker = flushing.Worker(clock=lambda moment=moment: moment)
        request()
        before = scraped(client, **ROUTE).get(("llmselect_requests_total", ("status", "200")), 0)
        assert before == number  # unflushed figures are left out: another worker could not see them
        assert flushing.flush()
        seen.append(scraped(client, **ROUTE)[("llmselect_requests_total", ("status", "200"))])
        block = Totals.decode(kept.totals()[flushing.worker.name])
        block.at = time.time() - EXITED_AFTER - 1
        kept.write(flushing.worker.name, {TOTALS: block.encode()})
        flushing.prune()
        assert list(kept.totals()) == [EXITED]
    assert seen == [1, 2, 3, 4]


def test_a_worker_that_was_silent_begins_anew(client):
    request()
    assert flushing.flush()
    block = Totals.decode(store().totals()[flushing.worker.name])
    block.at = 0.0
    store().write(flushing.worker.name, {TOTALS: block.encode()})
    flushing.prune()
    request()
    assert flushing.flush()
    assert sorted(store().totals()) == sorted([EXITED, flushing.worker.name])
    assert scraped(client, **ROUTE)[("llmselect_requests_total", ("status", "200"))] == 2


@pytest.mark.parametrize("kind", [TableStore, RedisStore])
def test_totals_of_living_workers_stay_apart(kind, settings):
    if kind is RedisStore and not settings.REDIS_URL:
        pytest.skip("needs Redis")
    kept = kind()
    for name, at in (("alive", time.time()), ("dead", 0.0), (EXITED, 0.0)):
        kept.write(name, {TOTALS: Totals({"requests": {("GET", "a", "200"): [1, 0.5]}}, 3, at).encode()})
    kept.compact_totals()
    found = {name: Totals.decode(data).series for name, data in kept.totals().items()}
    series = {"requests": {("GET", "a", "200"): [1, 0.5]}}
    assert found == {"alive": series, EXITED: {"requests": {("GET", "a", "200"): [2, 1.0]}}}
    kept.compact_totals()
    assert len(kept.totals()) == 2


@pytest.fixture
def closed(settings):
    settings.METRICS_OPEN = False
    return settings


@pytest.mark.parametrize(
    ("token", "given", "status"),
    [
        ("", "", 404),
        ("", "Bearer ", 404),
        ("secret", "", 404),
        ("secret", "Bearer wrong", 404),
        ("secret", "Basic secret", 404),
        ("secret", "Bearer s\xe9cret", 404),
        ("secret", "Bearer secret", 200),
    ],
)
def test_a_token(client, closed, token, given, status):
    closed.METRICS_TOKEN = token
    response = client.get("/metrics", headers={"Authorization": given})
    assert response.status_code == status
    if status == 404:
        assert response.json() == NOT_FOUND


@pytest.mark.parametrize(
    ("address", "status"),
    [("10.1.2.3", 200), ("11.1.2.3", 404), ("::ffff:10.1.2.3", 200), ("fd00::1", 200), ("fe80::1", 404), ("", 404)],
)
def test_networks(client, closed, address, status):
    closed.METRICS_NETWORKS = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]
    assert client.get("/metrics", REMOTE_ADDR=address).status_code == status


def test_an_address_that_the_client_made_up(client, closed):
    closed.METRICS_NETWORKS = [ip_network("10.0.0.0/8")]
    assert client.get("/metrics", REMOTE_ADDR="8.8.8.8", HTTP_X_FORWARDED_FOR="10.0.0.1").status_code == 404
    closed.TRUSTED_PROXIES = 1
    assert client.get("/metrics", REMOTE_ADDR="8.8.8.8", HTTP_X_FORWARDED_FOR="10.0.0.1").status_code == 200


def test_only_reading(client, closed):
    assert client.post("/metrics").json()["error"] == "method_not_allowed"
    closed.METRICS_OPEN = True
    assert client.head("/metrics").status_code == 200


def test_a_network_that_is_none_is_named(monkeypatch):
    monkeypatch.setenv("NETWORKS", " 10.0.0.0/8, 192.168.1.7 ,")
    assert networks("NETWORKS") == [ip_network("10.0.0.0/8"), ip_network("192.168.1.7/32")]
    monkeypatch.setenv("NETWORKS", "10.0.0.1/8")
    with pytest.raises(ImproperlyConfigured, match="NETWORKS must hold networks like"):
        networks("NETWORKS")


def test_figures_that_cannot_be_read(client, settings):
    gone = {**settings.CACHES["default"], "BACKEND": "django_redis.cache.RedisCache", "LOCATION": "redis://127.0.0.1:1"}
    settings.CACHES, settings.REDIS_URL = {"default": gone}, "redis://127.0.0.1:1"
    assert client.get("/metrics").status_code == 503
