"""The performance page of the admin, and the page of one statement."""

import re

import pytest
from django.db import connection
from django.test import Client

from perf.models import TimingBlock
from perf.timing.fingerprint import fingerprint_id, fingerprint_of
from tests.perf.pages import REPEATED, UNEXPLAINED, measure

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/admin/perf/"


@pytest.fixture
def desk(staff) -> Client:
    client = Client()
    client.force_login(staff)
    return client


@pytest.fixture
def measured():
    """Record what there is a table for."""
    measure()


def texts(response):
    """Return what a page shows, tags left out."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_it_shows_what_was_measured(desk, measured):
    response = desk.get(PAGE)
    assert response.status_code == 200
    shown = texts(response)
    assert "time in the application" in shown
    for found in ("GET a/&lt;route&gt;", "50.0%", "12", "a-namespace", "75.0%", "openai / m", "300 ms"):
        assert found in shown
    assert response.content.decode().count("<figure") == 3
    assert f"/admin/perf/queries/{fingerprint_id(fingerprint_of(REPEATED).text)}/" in response.content.decode()


@pytest.mark.parametrize("name", ["15m", "1h", "6h", "24h", "7d", "nonsense"])
def test_ranges(desk, measured, name):
    response = desk.get(PAGE, {"range": name})
    assert response.status_code == 200
    chosen = re.findall(r'class="chosen" aria-current="true">(\w+)<', response.content.decode())
    assert chosen == ["1h" if name == "nonsense" else name]
    assert "GET a/&lt;route&gt;" in texts(response)


def test_nothing_measured_is_no_failure(desk):
    shown = texts(desk.get(PAGE))
    assert "No requests in this range." in shown
    assert "No request sent one statement ten times or more." in shown


def test_a_strict_content_security_policy_holds(desk, measured):
    for url in (PAGE, f"/admin/perf/queries/{fingerprint_id(fingerprint_of(REPEATED).text)}/?explain=1"):
        page = desk.get(url).content.decode()
        assert re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*json)|\bstyle=|\bon\w+=\"|<style", page) == []


def test_it_is_listed_for_staff_alone(desk, ann):
    assert '"/admin/perf/"' in desk.get("/admin/").content.decode()
    other = Client()
    for path in (PAGE, "/admin/perf/queries/0/"):
        assert other.get(path).status_code == 302
        other.force_login(ann)
        assert other.get(path).status_code == 302


def test_it_only_reads(desk):
    assert desk.post(PAGE).status_code == 405


def test_figures_that_cannot_be_read(desk, settings):
    settings.REDIS_URL = ""
    with connection.schema_editor() as editor:
        editor.delete_model(TimingBlock)
    try:
        response = desk.get(PAGE)
        assert response.status_code == 503
        assert "The figures in the database cannot be read: " in texts(response)
    finally:
        with connection.schema_editor() as editor:
            editor.create_model(TimingBlock)


def query_page(desk, sql, **parameters):
    return desk.get(f"/admin/perf/queries/{fingerprint_id(fingerprint_of(sql).text)}/", parameters)


def test_a_statement_and_its_plan(desk, measured):
    response = query_page(desk, REPEATED)
    assert "a/&lt;route&gt; \u00d7 24" in texts(response)
    assert 'class="plan"' not in response.content.decode()
    (plan,) = re.findall(r'<pre class="plan">(.+?)</pre>', query_page(desk, REPEATED, explain=1).content.decode(), re.S)
    expected = "auth_user_pkey|Seq Scan on auth_user" if connection.vendor == "postgresql" else "INTEGER PRIMARY KEY"
    assert re.search(expected, plan)


def test_what_is_no_select_says_so(desk, measured):
    assert "Only a SELECT is explained." in texts(query_page(desk, UNEXPLAINED, explain=1))


def test_a_statement_that_nobody_sent(desk, measured):
    assert desk.get("/admin/perf/queries/0123456789ab/").status_code == 404
