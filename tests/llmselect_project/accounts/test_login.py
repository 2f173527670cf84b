"""POST /auth/login."""

import pytest
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from tests.helpers import PASSWORD, client_with, error, login

pytestmark = pytest.mark.django_db

URL = "/api/v1/auth/login"
WRONG = error("authentication_failed", "Wrong username or password.")


def test_it_gives_two_tokens_of_one_session(visitor, ann):
    response = visitor.post(URL, {"username": "ann", "password": PASSWORD})
    assert (response.status_code, set(response.json())) == (200, {"access", "refresh"})
    access, refresh = AccessToken(response.json()["access"]), RefreshToken(response.json()["refresh"])
    assert access["sid"] == refresh["sid"]
    skew = 120  # seconds that the clocks of two machines may differ
    assert (access["exp"] - access["iat"], refresh["exp"] - refresh["iat"]) == (15 * 60 + skew, 14 * 86_400 + skew)
    assert response.headers["Cache-Control"] == "no-store"


def test_the_access_token_works(ann):
    assert client_with(login()["access"]).get("/api/v1/auth/me").json()["id"] == ann.pk


def test_each_login_is_a_session_of_its_own(ann):
    assert AccessToken(login()["access"])["sid"] != AccessToken(login()["access"])["sid"]


def test_it_notes_the_time(ann):
    login()
    ann.refresh_from_db()
    assert ann.last_login is not None


def test_a_wrong_name_a_wrong_password_and_an_inactive_account_look_alike(visitor, ann, bob):
    bob.is_active = False
    bob.save()
    for username, password in (("nobody", PASSWORD), ("ann", "wrong"), ("bob", PASSWORD), ("bob", "wrong")):
        response = visitor.post(URL, {"username": username, "password": password})
        assert (response.status_code, response.json()) == (401, WRONG)
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["username", "password"]),
        ({"username": "ann"}, ["password"]),
        ({"username": "ann", "password": None}, ["password"]),
        ({"username": ["ann"], "password": {}}, ["username", "password"]),
        ({"username": "a\0", "password": "b\0"}, ["username", "password"]),
        ([], ["non_field_errors"]),
    ],
)
def test_bodies_that_are_no_credentials(visitor, body, fields):
    response = visitor.post(URL, body)
    assert (response.status_code, list(response.json()["details"])) == (400, fields)


def test_an_expired_authorization_does_not_block_it(ann):
    assert client_with("expired").post(URL, {"username": "ann", "password": PASSWORD}).status_code == 200
