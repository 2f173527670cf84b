"""Signing in, the frame of the page, and the first start."""

import pytest
from django.test import Client

from tests.helpers import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser():
    return Client()


@pytest.mark.parametrize(
    "path", ["/", "/chat/019aca8d-96d9-711e-a97b-13ad0fb5731a", "/compare", "/arena", "/settings/keys"]
)
def test_visitors_are_sent_to_the_form_and_back(ann, browser, path):
    response = browser.get(path)
    assert (response.status_code, response.headers["Location"]) == (302, f"/login?next={path}")
    form = browser.get(response.headers["Location"])
    assert f'name="next" value="{path}"' in form.text
    response = browser.post("/login", {"username": "ann", "password": PASSWORD, "next": path})
    assert (response.status_code, response.headers["Location"]) == (302, path)
    page = browser.get(path)
    assert (page.status_code, "csrftoken" in page.cookies) == (200, True)
    assert "no-store" in page.headers["Cache-Control"]
    assert "<noscript>" in page.text


def test_nobody_is_sent_elsewhere(ann, browser):
    answer = browser.post("/login", {"username": "ann", "password": PASSWORD, "next": "https://elsewhere.example/"})
    assert answer.headers["Location"] == "/"


def test_a_wrong_password_says_so_and_keeps_the_name(ann, browser):
    response = browser.post("/login", {"username": "<ann>", "password": "wrong"})
    assert response.status_code == 200
    assert "Wrong username or password." in response.text
    assert 'value="&lt;ann&gt;"' in response.text
    assert "wrong" not in response.text


def test_too_many_guesses(ann, browser, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "login": "2/minute"}
    guess = {"username": "ann", "password": "wrong"}
    assert [browser.post("/login", guess).status_code for _ in range(3)] == [200, 200, 429]
    response = browser.post("/login", guess)
    assert int(response.headers["Retry-After"]) > 0
    assert "Too many passwords were tried" in response.text


def test_without_the_token_of_the_form_nobody_signs_in(ann):
    browser = Client(enforce_csrf_checks=True)
    assert browser.post("/login", {"username": "ann", "password": PASSWORD}).status_code == 403


def test_signing_out_takes_a_post(ann, browser):
    browser.force_login(ann)
    assert browser.get("/logout").status_code == 405
    assert browser.get("/").status_code == 200
    assert browser.post("/logout").headers["Location"] == "/login"
    assert browser.get("/").status_code == 302


def test_at_the_first_start_the_form_says_how_to_make_an_account(browser):
    assert "manage.py setup" in browser.get("/login").text


def test_later_it_does_not(ann, browser):
    assert "manage.py setup" not in browser.get("/login").text


@pytest.mark.parametrize(
    ("opened", "token", "shown", "asked"), [(False, "", 302, 0), (False, "t", 200, 1), (True, "", 200, 0)]
)
def test_registration(browser, settings, opened, token, shown, asked):
    settings.ALLOW_OPEN_REGISTRATION, settings.REGISTRATION_TOKEN = opened, token
    response = browser.get("/register")
    assert response.status_code == shown
    assert response.content.count(b"registration_token") == asked
    assert ("/register" in browser.get("/login").text) is (shown == 200)


def test_whoever_is_signed_in_sees_no_form(ann, browser):
    browser.force_login(ann)
    assert browser.get("/login").headers["Location"] == "/"


@pytest.mark.parametrize("path", ["/", "/login", "/register"])
def test_the_language_of_the_frame(ann, browser, settings, path):
    settings.ALLOW_OPEN_REGISTRATION = True
    if path == "/":
        browser.force_login(ann)
    assert '<html lang="fr"' in browser.get(path, headers={"accept-language": "fr"}).text


@pytest.mark.parametrize("path", ["/chatter", "/chat/", "/admin2", "/settings/keys/", "/nothing"])
def test_other_addresses_are_not_the_page(ann, browser, path):
    browser.force_login(ann)
    assert browser.get(path).status_code == 404


def test_the_session_serves_the_api(ann):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ann)
    token = browser.get("/").cookies["csrftoken"].value
    body = {"current_password": "wrong", "new_password": "a staple for horses"}
    send = {"path": "/api/v1/auth/password", "data": body, "content_type": "application/json"}
    assert browser.post(**send).status_code == 403
    assert browser.post(**send, headers={"x-csrftoken": token}).status_code == 400


def test_the_admin_leads_to_the_page(ann, browser):
    ann.is_staff = True
    ann.save()
    browser.force_login(ann)
    assert '<a href="/">View site</a>' in browser.get("/admin/").text
