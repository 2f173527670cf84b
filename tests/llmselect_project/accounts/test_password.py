"""POST /auth/password."""

import pytest
from django.test import Client

from tests.helpers import PASSWORD, client_with, error, invalid, login

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/auth/password"
ME = "/api/v1/auth/me"
NEW = "a staple for the battery"
CHANGE = {"current_password": PASSWORD, "new_password": NEW}


def test_the_new_password_is_the_one_that_counts(ann, api, visitor):
    response = api.post(URL, CHANGE)
    assert (response.status_code, response.content) == (204, b"")
    assert login(password=NEW)
    assert visitor.post("/api/v1/auth/login", {"username": "ann", "password": PASSWORD}).status_code == 401


def test_this_session_goes_on(ann, visitor):
    pair = login()
    api = client_with(pair["access"])
    api.post(URL, CHANGE)
    assert api.get(ME).status_code == 200
    assert visitor.post("/api/v1/auth/refresh", {"refresh": pair["refresh"]}).status_code == 200


def test_all_others_end(ann, api, visitor):
    other = login()
    elsewhere = client_with(other["access"])
    assert elsewhere.get(ME).status_code == 200
    api.post(URL, CHANGE)
    assert elsewhere.get(ME).json()["error"] == "token_not_valid"
    assert visitor.post("/api/v1/auth/refresh", {"refresh": other["refresh"]}).status_code == 401


def test_other_users_are_not_concerned(api, bob_api):
    api.post(URL, CHANGE)
    assert bob_api.get(ME).status_code == 200


@pytest.mark.django_db
def test_a_wrong_current_password(ann, api):
    response = api.post(URL, {**CHANGE, "current_password": "wrong"})
    assert (response.status_code, response.json()) == (400, invalid(current_password="This is not your password."))
    assert login()


@pytest.mark.django_db
@pytest.mark.parametrize("password", ["short", "12345678901", "", None, "x" * 1001])
def test_weak_new_passwords(ann, api, password):
    response = api.post(URL, {**CHANGE, "new_password": password})
    assert (response.status_code, list(response.json()["details"])) == (400, ["new_password"])
    assert login()


def test_a_browser_session_goes_on_too(ann):
    browser = Client()
    browser.force_login(ann)
    assert browser.post(URL, CHANGE, content_type="application/json").status_code == 204
    assert browser.get(ME).status_code == 200


@pytest.mark.django_db
def test_visitors_have_none(visitor):
    response = visitor.post(URL, CHANGE)
    assert response.status_code == 401
    assert response.json() == error("not_authenticated", "Authentication credentials were not provided.")
