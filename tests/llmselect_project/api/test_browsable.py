"""The pages that a browser sees at the addresses of the API: whose they are, how to log in, what each is for."""

import re

import pytest
from django.test import Client

from tests.openapi import SCHEMA

pytestmark = pytest.mark.django_db

LOGIN = "/api-auth/login/?next="


def page(browser, path):
    return browser.get(path, headers={"accept": "text/html"}).content.decode()


@pytest.fixture
def browser(ann):
    client = Client()
    client.force_login(ann)
    return client


@pytest.mark.parametrize("path", ["/api/v1/conversations", "/api/v1/chat", "/api/v1/keys/openai", "/api/v1/auth/me"])
def test_it_carries_the_products_name(browser, path):
    html = page(browser, path)
    assert re.search(r"<title>[\w ]+ \| LLMSelect API</title>", html)
    assert "Django REST framework" not in html


def test_the_login_page_does_too():
    html = page(Client(), "/api-auth/login/")
    assert "<title>Log in | LLMSelect API</title>" in html
    assert "Django REST framework" not in html


@pytest.mark.parametrize("path", ["/api/v1/conversations?search=a%26b", "/api/v1/auth/me"])
def test_a_401_leads_to_the_login_and_back(path, ann):
    stranger = Client()
    response = stranger.get(path, headers={"accept": "text/html"})
    assert response.status_code == 401
    link = re.search(r'class="alert-link" href="([^"]+)"', response.content.decode())[1]
    assert link.startswith(LOGIN)
    form = {"username": "ann", "password": "correct horse battery", "next": path}
    assert stranger.post(link, form).headers["Location"] == path
    assert "alert-link" not in page(stranger, path)


# What is said of each, by the path as the documentation writes it.
PAGES = {
    "/api/v1/conversations": "/api/v1/conversations",
    "/api/v1/chat": "/api/v1/chat",
    "/api/v1/keys/openai": "/api/v1/keys/{provider}",
    "/api/v1/comparisons/019aca8d-96ff-7164-a7aa-5e95759ad640/vote": "/api/v1/comparisons/{id}/vote",
    "/api/v1/models": "/api/v1/models",
    "/api/v1/admin/cache/stats": "/api/v1/admin/cache/stats",
}


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("known", [False, True])
def test_it_says_what_each_method_is_for(browser, path, known):
    text = re.sub(r"<[^>]+>", "", page(browser if known else Client(), path))
    operations = SCHEMA["paths"][PAGES[path]]
    assert operations
    for method, operation in operations.items():
        assert f"{method.upper()}: {operation['summary']}" in text
        assert operation["description"].split()[0] in text


def test_what_is_written_between_backticks_is_code(browser):
    html = page(browser, "/api/v1/chat")
    assert "<code>conversation_id</code>" in html
    assert "`" not in html.partition("endpoint-description")[2].partition("request-info")[0]
