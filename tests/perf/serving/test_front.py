"""Hits answered in front of Django: the same answer, to the same client, only while it is right."""

import re
import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test.client import RequestFactory
from redis import ConnectionError as RedisConnectionError
from rest_framework_simplejwt.tokens import AccessToken

from conversations.models import Conversation
from llmselect_project.accounts.sessions import start_session
from llmselect_project.models import LoginSession
from perf.caching.counts import counter
from perf.caching.outage import outage
from perf.serving import front
from perf.serving.front import DEPENDENCIES, OWN_HEADERS, Front
from perf.timing import figures
from tests.helpers import client_for, client_with, conversation
from tests.perf.serving.front import behind_front

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/api/v1/conversations"


@pytest.fixture
def layer(ann, api):
    """Put a layer in front of Ann's client that remembers her list."""
    conversation(ann, title="one")
    layer = behind_front(api)
    warm(api, layer, LIST)
    return layer


def warm(api, layer, path, **headers):
    """Ask until the layer answers; return the last answer of Django and that of the layer."""
    for _ in range(2):
        last = api.get(path, **headers)
    asked = layer.asked
    answer = api.get(path, **headers)
    assert layer.asked == asked, "Django was asked"
    return last, answer


def titles(response):
    return [row["title"] for row in response.json()["results"]]


PATHS = [LIST, "/api/v1/models", "/api/v1/comparisons", "/api/v1/leaderboard"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("headers", [{}, {"HTTP_ACCEPT_ENCODING": "gzip"}, {"HTTP_ORIGIN": "http://localhost:3000"}])
def test_the_answer_is_the_one_of_django(api, layer, openai, path, headers):
    behind, answer = warm(api, layer, path, **headers)
    assert (answer.status_code, answer.content) == (behind.status_code, behind.content)
    kept = {name: value for name, value in behind.items() if name.lower() not in OWN_HEADERS}
    assert {name: value for name, value in answer.items() if name.lower() not in OWN_HEADERS} == kept
    assert answer.headers["X-Cache"] == "hit"


def test_a_client_that_has_it_is_told_so(api, layer):
    etag = api.get(LIST).headers["ETag"]
    behind, answer = warm(api, layer, LIST, HTTP_IF_NONE_MATCH=etag)
    assert (behind.status_code, answer.status_code, answer.content) == (304, 304, b"")


def test_a_change_is_seen_at_once(api, layer, ann):
    conversation(ann, title="two")
    assert titles(api.get(LIST)) == ["two", "one"]
    Conversation.objects.filter(title="two").delete()
    assert titles(api.get(LIST)) == ["one"]


def test_another_user_sees_their_own(api, layer, bob):
    other = client_for(bob)
    other.handler = api.handler
    assert titles(other.get(LIST)) == titles(other.get(LIST)) == titles(other.get(LIST)) == []
    assert titles(api.get(LIST)) == ["one"]


def test_without_a_token_there_is_nothing(api, layer):
    api.credentials()
    assert api.get(LIST).status_code == 401


@pytest.mark.parametrize(
    "end",
    [
        lambda user: LoginSession.objects.filter(user=user).delete(),
        lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
        lambda user: user.delete(),
    ],
)
def test_a_session_that_ended_gets_nothing(api, layer, ann, end):
    end(User.objects.get(pk=ann.pk))
    assert api.get(LIST).status_code == 401


def test_a_token_that_expired_gets_nothing(ann):
    token = AccessToken(start_session(user=ann).access)
    token.set_exp(lifetime=timedelta(seconds=2))
    api = client_with(str(token))
    layer = behind_front(api)
    warm(api, layer, LIST)
    time.sleep(2.1)
    assert api.get(LIST).status_code == 401


def test_django_is_asked_again_after_a_while(api, layer, monkeypatch):
    monkeypatch.setattr(front, "MAX_AGE", 0.0)
    asked = layer.asked
    api.get(LIST, HTTP_ACCEPT="application/json")
    api.get(LIST, HTTP_ACCEPT="application/json")
    assert layer.asked == asked + 2


def test_an_outage_of_the_cache_is_djangos(api, layer):
    asked = layer.asked
    outage.failed(RedisConnectionError("gone"))
    try:
        assert titles(api.get(LIST)) == ["one"]
    finally:
        outage.reset()
    assert layer.asked == asked + 1


@pytest.mark.parametrize("method", ["post", "head", "options"])
def test_only_what_is_read_is_remembered(api, layer, method):
    asked = layer.asked
    for _ in range(2):
        getattr(api, method)(LIST)
    assert layer.asked == asked + 2


@pytest.mark.parametrize("path", ["/api/v1/auth/me", "/health", f"{LIST}?search=one", "/api/v1/nothing"])
def test_what_is_not_cached_is_not_remembered(api, layer, path):
    asked = layer.asked
    for _ in range(3):
        api.get(path)
    assert layer.asked == asked + 3


def test_pages_are_not_remembered(api, layer):
    asked = layer.asked
    for _ in range(3):
        assert b"<html" in api.get(LIST, HTTP_ACCEPT="text/html").content
    assert layer.asked == asked + 3


def test_zero_switches_it_off(ann, api):
    layer = behind_front(api, entries=0)
    for _ in range(4):
        api.get(LIST)
    assert layer.asked == 4


@pytest.mark.parametrize("bounds", [{"entries": 3}, {"size": 8_000}])
def test_it_is_bounded(ann, api, bounds):
    layer = behind_front(api, **bounds)
    for size in range(1, 20):
        for _ in range(3):
            api.get(f"{LIST}?page_size={size}")
    remembered = layer.front._responses.values()
    assert 1 <= len(remembered) <= 3
    assert sum(each.size for each in remembered) == layer.front._bytes


def test_a_response_larger_than_all_is_not_remembered(ann, api):
    layer = behind_front(api, size=1)
    for _ in range(3):
        api.get(LIST)
    assert layer.asked == 3


def test_it_is_measured_as_any_other(api, layer, settings):
    before, hits = figures.load(), counter.totals("conversations").hits
    for _ in range(5):
        api.get(LIST)
    rows = [row for row in figures.load().requests() if row.route == "api/v1/conversations"]
    earlier = [row for row in before.requests() if row.route == "api/v1/conversations"]
    count = sum(row.times.count for row in rows) - sum(row.times.count for row in earlier)
    assert (count, counter.totals("conversations").hits - hits) == (5, 5)


def test_ids_and_times_are_each_requests_own(api, layer):
    assert api.get(LIST, HTTP_X_REQUEST_ID="mine").headers["X-Request-ID"] == "mine"
    first, second = api.get(LIST), api.get(LIST, HTTP_X_REQUEST_ID="no id!")
    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"] != "no id!"
    assert re.fullmatch(r"\d\.\d{3}s", first.headers["X-Response-Time"])
    assert "Server-Timing" not in first.headers


def test_staff_see_where_the_time_went(ann, settings):
    User.objects.filter(pk=ann.pk).update(is_staff=True)
    api = client_for(ann)
    _, answer = warm(api, behind_front(api), LIST)
    shown = r'app;dur=[\d.]+, db;dur=0\.0;desc="0 queries", cache;dur=[\d.]+;desc="2 lookups"'
    assert re.fullmatch(shown, answer.headers["Server-Timing"])


def test_a_slow_answer_is_logged(api, layer, settings, caplog):
    settings.SLOW_REQUEST_MS = 0
    api.get(LIST)
    assert [record.route for record in caplog.records if record.name == "perf.slow_request"] == ["api/v1/conversations"]


@pytest.mark.parametrize("header", ["Set-Cookie", "X-RateLimit-Remaining", "Retry-After"])
def test_what_differs_by_request_is_not_remembered(header):
    assert front._is_repeatable("200 OK", [("Content-Type", "application/json")])
    assert not front._is_repeatable("200 OK", [(header, "1")])
    assert not front._is_repeatable("500 Internal Server Error", [])


def test_a_request_in_chunks_goes_to_django():
    asked = []
    layer = Front(lambda environ, start_response: asked.append(environ) or [], entries=10, size=10_000)
    environ = RequestFactory().get(LIST, HTTP_TRANSFER_ENCODING="chunked").environ
    layer(environ, lambda *_: None)
    assert len(asked) == 1
    assert not layer._responses


def test_all_that_responses_vary_by_is_compared(api, layer, openai):
    row = Conversation.objects.get()
    for path in (*PATHS, f"{LIST}/{row.pk}", "/api/v1/auth/me", "/health", "/api/schema", "/api/v1/models/openai/stub"):
        vary = api.get(path, HTTP_ORIGIN="http://localhost:3000").headers.get("Vary", "")
        names = {f"HTTP_{name.strip().upper().replace('-', '_')}" for name in vary.split(",") if name.strip()}
        assert names <= set(DEPENDENCIES), path
