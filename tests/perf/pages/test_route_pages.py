"""The page of a route, and that of a request by its id; how both are reached, and capped counts."""

import re

import pytest
from django.db import connection
from django.test import Client

from perf.models import TimingBlock
from perf.pages.paginator import CappedCount
from tests.perf.pages import measure
from tests.perf.pages.test_overview import texts

pytestmark = pytest.mark.django_db(transaction=True)

ROUTE, REQUEST = "/admin/perf/route/", "/admin/perf/request/"


@pytest.fixture
def desk(staff) -> Client:
    client = Client()
    client.force_login(staff)
    return client


def links(response):
    return [each.replace("&amp;", "&") for each in re.findall(r'href="([^"]+)"', response.content.decode())]


def test_a_route_leads_to_its_statements_slow_requests_and_history(desk):
    measure()
    start = f"{ROUTE}?method=GET&route=a%2F"
    (link,) = {link for link in links(desk.get("/admin/perf/")) if link.startswith(start)}
    response = desk.get(link)
    assert response.status_code == 200
    shown = texts(response)
    for part in ("GET a/&lt;route&gt;", "SELECT username FROM auth_user", "Slow requests", "750 ms", "N+1 suspects"):
        assert part in shown
    assert response.content.decode().count("<figure") == 2
    assert f"{REQUEST}?id=the-id" in links(response)
    assert "a-namespace" not in shown  # that is of no route


def test_a_route_of_any_method(desk):
    measure()
    assert "750 ms" in texts(desk.get(ROUTE, {"route": "a/<route>"}))
    assert "750 ms" not in texts(desk.get(ROUTE, {"route": "a/<route>", "method": "POST"}))


def test_slow_statements_are_of_their_route_alone(desk):
    measure()
    assert "300 ms" not in texts(desk.get(ROUTE, {"route": "a/<route>"}))


@pytest.mark.parametrize("query", [{}, {"route": "x"}, {"route": "<script>", "method": "GET"}])
def test_a_route_that_nobody_asked_for(desk, query):
    measure()
    assert desk.get(ROUTE, query).status_code == 404


def test_a_request_leads_to_all_that_is_known_of_it(desk):
    measure()
    shown = texts(desk.get(REQUEST, {"id": " the-id "}))
    for part in ("750 ms", "500", "13", "a/&lt;route&gt;", "SELECT username FROM auth_user"):
        assert part in shown


def test_the_slow_statements_of_a_real_request_are_among_it(desk, settings):
    settings.SLOW_QUERY_MS = settings.SLOW_REQUEST_MS = 0
    answer = desk.get("/admin/perf/cache/")
    settings.SLOW_QUERY_MS = settings.SLOW_REQUEST_MS = 10_000
    shown = texts(desk.get(REQUEST, {"id": answer.headers["X-Request-ID"]}))
    assert "admin/perf/cache/" in shown
    assert "FROM django_session" in shown.partition("Slow queries")[2].partition("What its route")[0]


def test_a_failed_request_is_known_however_quick_it_was(desk, settings):
    settings.SLOW_REQUEST_MS = 10_000
    settings.REDIS_URL = ""
    with connection.schema_editor() as editor:
        editor.delete_model(TimingBlock)
    try:
        failed = desk.get(REQUEST, {"id": "a"}).headers["X-Request-ID"]
    finally:
        with connection.schema_editor() as editor:
            editor.create_model(TimingBlock)
    shown = texts(desk.get(REQUEST, {"id": failed}))
    assert "Status 503" in shown
    assert failed in texts(desk.get("/admin/perf/")).partition("Failed requests")[2]


def test_a_request_that_is_not_known(desk):
    assert "Nothing is known of the request" in texts(desk.get(REQUEST, {"id": "<b>"}))
    assert "X-Request-ID" in texts(desk.get(REQUEST))


def test_figures_that_cannot_be_read(desk, settings):
    settings.REDIS_URL = ""
    with connection.schema_editor() as editor:
        editor.delete_model(TimingBlock)
    try:
        answers = [desk.get(ROUTE, {"route": "a"}), desk.get(REQUEST, {"id": "a"})]
    finally:
        with connection.schema_editor() as editor:
            editor.create_model(TimingBlock)
    assert [answer.status_code for answer in answers] == [503, 503]
    assert "cannot be read" in texts(answers[0])


def test_they_are_for_staff_alone(ann):
    other = Client()
    for path in (ROUTE, REQUEST):
        assert other.get(path).status_code == 302
        other.force_login(ann)
        assert other.get(path).status_code == 302


def test_a_count_at_the_limit_says_that_there_may_be_more():
    assert [str(CappedCount(number)) for number in (0, 9_999, 10_000)] == ["0", "9,999", "10,000+"]
    assert CappedCount(10_000) == 10_000
