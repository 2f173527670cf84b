"""GET /api/v1/: an index whose every link leads somewhere, as JSON and as a page."""

import re

import pytest
from django.conf import settings
from django.test import Client

from tests.helpers import client_for

pytestmark = pytest.mark.django_db

EVERY = pytest.mark.parametrize("path", ["/api/v1", "/api/v1/"])


@EVERY
def test_it_lists_the_main_resources(visitor, path):
    response = visitor.get(path)
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
    body = response.json()
    assert (body["name"], body["version"]) == ("LLMSelect", settings.VERSION)
    assert (body["docs"], body["schema"], body["health"]) == ("/api/docs", "/api/schema", "/health")
    assert {"chat", "compare", "conversations", "models", "keys", "login"} <= set(body["resources"])


def test_every_link_leads_somewhere(visitor, ann):
    body = visitor.get("/api/v1/").json()
    for link in [body["docs"], body["schema"], body["health"], *body["resources"].values()]:
        response = client_for(ann).get(link)
        assert response.status_code in (200, 405), link
        response.getvalue()


@EVERY
@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_it_is_read_only(visitor, path, method):
    assert getattr(visitor, method)(path).status_code == 405


def test_an_expired_token_does_not_block_it(visitor):
    visitor.credentials(HTTP_AUTHORIZATION="Bearer x")
    assert visitor.get("/api/v1/").status_code == 200


def test_it_is_the_front_page_of_the_browsable_api(ann):
    browser = Client()
    browser.force_login(ann)
    for path in ("/api/v1/", "/api/v1/conversations"):
        html = browser.get(path, headers={"accept": "text/html"}).content.decode()
        assert re.search(r'<a class="navbar-brand" href="/api/v1/">\s*LLMSelect API', html)
        assert "Django REST framework" not in html
