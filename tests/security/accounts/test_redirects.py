"""Logging in and out by pages: wherever `next` leads, the way ends at a page that there is, on this server."""

import re
from urllib.parse import urlencode

import pytest
from django.test import Client

from tests.helpers import PASSWORD

pytestmark = pytest.mark.django_db

DOORS = ("/admin", "/api-auth")
FOREIGN = [
    "https://elsewhere.example/",
    "//elsewhere.example/",
    "///elsewhere.example",
    "/\\elsewhere.example",
    "https:elsewhere.example",
    "javascript:alert(1)",
    "\thttps://elsewhere.example",
    "http://testserver@elsewhere.example/",
]
NEXT = [None, "", *FOREIGN]
HTML = {"HTTP_ACCEPT": "text/html"}


@pytest.fixture
def boss(staff):
    staff.is_superuser = True
    staff.save()
    return staff


def end_of(response):
    """Say where a browser ends up that follows: the status and the host with the path."""
    last = response.redirect_chain[-1][0] if response.redirect_chain else response.request["PATH_INFO"]
    return response.status_code, last.partition("?")[0]


def sent(client, url, body, where, by):
    if where is None:
        return client.post(url, body, follow=True, **HTML)
    if by == "query":
        return client.post(f"{url}?{urlencode({'next': where})}", body, follow=True, **HTML)
    return client.post(url, {**body, "next": where}, follow=True, **HTML)


@pytest.mark.parametrize("by", ["query", "form"])
@pytest.mark.parametrize("where", NEXT)
def test_login(boss, where, by):
    body = {"username": "staff", "password": PASSWORD}
    ends = [end_of(sent(Client(), f"{door}/login/", body, where, by)) for door in DOORS]
    assert ends == [(200, "/admin/"), (200, "/api/docs")]


@pytest.mark.parametrize("by", ["query", "form"])
@pytest.mark.parametrize("where", NEXT)
def test_logout(boss, where, by):
    ends = []
    for door in DOORS:
        client = Client()
        client.force_login(boss)
        ends.append(end_of(sent(client, f"{door}/logout/", {}, where, by)))
        assert "_auth_user_id" not in client.session
    assert ends == [(200, "/admin/login/"), (200, "/api/docs")]


@pytest.mark.parametrize("door", DOORS)
def test_a_page_of_ones_own_is_returned_to(boss, door):
    for page in ("/admin/auth/user/", "/api/v1/conversations"):
        response = sent(Client(), f"{door}/login/", {"username": "staff", "password": PASSWORD}, page, "query")
        assert end_of(response) == (200, page)


def test_whoever_is_not_staff_logs_in_at_the_browsable_api(ann):
    page = Client().get("/api/v1/conversations", **HTML).content.decode()
    link = re.search(r"href='(/api-auth/login/\?next=[^']*)'", page)[1]
    client = Client(enforce_csrf_checks=True)
    form = client.get(link).content.decode()
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    response = client.post("/api-auth/login/", {**fields, "username": "ann", "password": PASSWORD}, follow=True, **HTML)
    assert end_of(response) == (200, "/api/v1/conversations")
    page = response.content.decode()
    action = re.search(r'<form id="logoutForm"[^>]*action="([^"]*)"', page)[1]
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]*)"', page)[1]
    response = client.post(action, {"csrfmiddlewaretoken": token}, follow=True)
    assert end_of(response) == (200, "/api/docs")
    assert client.get("/api/v1/auth/me").status_code == 401


def test_the_forms_want_their_token(boss):
    for door in DOORS:
        client = Client(enforce_csrf_checks=True)
        client.force_login(boss)
        assert client.post(f"{door}/login/", {"username": "staff", "password": PASSWORD}).status_code == 403
        assert client.post(f"{door}/logout/").status_code == 403
        assert client.get("/api/v1/auth/me").status_code == 200


def test_a_page_that_needs_a_login_leads_to_it_and_back(boss):
    client = Client()
    response = client.get("/admin/auth/user/")
    assert response.headers["Location"] == "/admin/login/?next=/admin/auth/user/"
    response = client.post(response.headers["Location"], {"username": "staff", "password": PASSWORD}, follow=True)
    assert end_of(response) == (200, "/admin/auth/user/")
