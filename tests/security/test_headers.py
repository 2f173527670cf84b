"""Headers that tell browsers what a response may do, hosts, and pages that are there."""

import pytest
from django.test import Client

from tests.helpers import conversation

pytestmark = pytest.mark.django_db

DATA = "default-src 'none'; frame-ancestors 'none'"
PAGES = ["/admin/login/", "/api/docs", "/nothing"]


@pytest.mark.parametrize("path", PAGES)
def test_pages_run_scripts_of_ours_only(visitor, path):
    response = visitor.get(path, HTTP_ACCEPT="text/html")
    policy = dict(part.split(" ", 1) for part in response.headers["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }


@pytest.mark.parametrize("path", [*PAGES, "/api/v1/conversations", "/admin/"])
def test_no_page_has_a_script_within(ann, path):
    browser = Client()
    ann.is_staff = ann.is_superuser = True
    ann.save()
    browser.force_login(ann)
    text = browser.get(path, headers={"accept": "text/html"}).text
    scripts = [part for part in text.split("<script")[1:] if "src=" not in part.split(">")[0]]
    assert [script for script in scripts if 'type="application/json"' not in script.split(">")[0]] == []
    assert " onclick=" not in text


@pytest.mark.parametrize("path", ["/api/v1/models", "/health", "/api/schema", "/api/v1/nothing", "/api/v1/auth/me"])
def test_data_may_do_nothing(visitor, path):
    response = visitor.get(path)
    assert response.headers["Content-Security-Policy"] == DATA
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Referrer-Policy"] == "same-origin"


def test_an_export_and_a_stream_may_do_nothing(ann, api, echo):
    row = conversation(ann, messages=1)
    body = {"provider": "echo", "model": "echo-fast", "message": "hello"}
    for response in (api.get(f"/api/v1/conversations/{row.pk}/export"), api.post("/api/v1/chat/stream", body)):
        assert response.headers["Content-Security-Policy"] == DATA
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        response.getvalue()


@pytest.mark.parametrize("path", ["/api/v1/models", "/api/v1/models?search=%00", "/api/v1/%00"])
def test_errors_from_before_any_view_may_do_nothing_either(visitor, path):
    response = visitor.get(path, HTTP_HOST="elsewhere.example")
    assert response.status_code in (400, 404)
    assert response.headers["Content-Security-Policy"] == DATA
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/health", "/health/live"])
@pytest.mark.parametrize("host", ["10.0.3.7:3044", "elsewhere.example", "a b", ""])
def test_health_is_told_to_whoever_asks_by_whatever_host(visitor, path, host):
    assert visitor.get(path, HTTP_HOST=host).status_code == 200


def test_health_is_not_sent_to_another_scheme(visitor, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert visitor.get("/health", HTTP_HOST="10.0.3.7").status_code == 200
    response = visitor.get("/api/v1/models")
    assert (response.status_code, response.headers["Location"]) == (301, "https://testserver/api/v1/models")


def test_the_admin_without_its_slash(visitor):
    response = visitor.get("/admin")
    assert (response.status_code, response.headers["Location"]) == (302, "/admin/")


def test_the_icon(visitor):
    response = visitor.get("/favicon.ico")
    assert (response.status_code, response.headers["Location"]) == (302, "/static/llmselect/favicon.svg")


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        ("text/html", True),
        ("application/json;q=0.1, text/html ; level=1", True),
        ("text/html;q=0.001", True),
        ("TEXT/HTML", True),
        ("text/html;q=0", False),
        ("text/html; q=0.000, */*", False),
        ("text/htmlx", False),
        ("application/x;a=text/html", False),
        (",;,", False),
    ],
)
def test_pages_are_for_who_asks_for_them(ann, accept, html):
    browser = Client()
    browser.force_login(ann)
    response = browser.get("/api/v1/auth/me", headers={"accept": accept})
    assert response.headers["Content-Type"].startswith("text/html") is html
