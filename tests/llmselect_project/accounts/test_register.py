"""POST /auth/register."""

import pytest
from django.contrib.auth.models import User

from tests.helpers import PASSWORD, error, invalid, login

pytestmark = pytest.mark.django_db

URL = "/api/v1/auth/register"
ANN = {"username": "ann", "password": PASSWORD}
CLOSED = error("registration_closed", "Registration is closed; ask a member of staff for an account.")
WRONG_TOKEN = error("registration_closed", "The registration token is missing or wrong.")
TAKEN = invalid(username="A user with that username already exists.")


@pytest.fixture
def registration_open(settings):
    settings.ALLOW_OPEN_REGISTRATION = True


def test_it_is_closed_by_default(visitor):
    response = visitor.post(URL, ANN)
    assert (response.status_code, response.json()) == (403, CLOSED)
    assert not User.objects.exists()


def test_open_registration(visitor, registration_open):
    response = visitor.post(URL, ANN)
    assert response.status_code == 201
    assert response.json() == {"id": User.objects.get().pk, "username": "ann"}
    assert response.headers["Cache-Control"] == "no-store"
    assert login()["access"]


def test_the_right_token_opens(visitor, settings):
    settings.REGISTRATION_TOKEN = "let me in"
    assert visitor.post(URL, {**ANN, "registration_token": "let me in"}).status_code == 201


@pytest.mark.parametrize("token", ["wrong", "", None, 5, ["let me in"], "lët me in", "let me in "])
def test_a_wrong_token_does_not(visitor, settings, token):
    settings.REGISTRATION_TOKEN = "let me in"
    response = visitor.post(URL, {**ANN, "registration_token": token})
    assert (response.status_code, response.json()) == (403, WRONG_TOKEN)


def test_a_token_that_is_not_text_does_not(visitor, settings):
    settings.REGISTRATION_TOKEN = "let me in"
    body = b'{"username": "ann", "password": "correct horse battery", "registration_token": "\\ud800"}'
    assert visitor.post(URL, body, content_type="application/json").status_code == 403


def test_no_configured_token_means_that_none_is_right(visitor):
    assert visitor.post(URL, {**ANN, "registration_token": ""}).status_code == 403


@pytest.mark.parametrize("username", ["ann", "Ann", "ANN"])
def test_a_name_is_taken_in_any_case(visitor, registration_open, ann, username):
    response = visitor.post(URL, {"username": username, "password": PASSWORD})
    assert (response.status_code, response.json()) == (400, TAKEN)
    assert User.objects.count() == 1


def test_a_name_is_taken_also_when_it_only_looks_different(visitor, registration_open, ann):
    """Names are stored in normal form: the full-width letters become ordinary ones."""
    response = visitor.post(URL, {"username": "\uff21\uff2e\uff2e", "password": PASSWORD})
    assert (response.status_code, response.json()) == (400, TAKEN)


def test_a_name_that_normalisation_makes_too_long(visitor, registration_open):
    response = visitor.post(URL, {"username": "\ufb01" * 150, "password": PASSWORD})
    assert (response.status_code, list(response.json()["details"])) == (400, ["username"])


@pytest.mark.parametrize(
    "username", ["", " ", "a b", "a" * 151, "a\0b", None, 5.5, [], {}, "a/b"], ids=lambda value: repr(value)[:10]
)
def test_names_that_are_none(visitor, registration_open, username):
    response = visitor.post(URL, {"username": username, "password": PASSWORD})
    assert (response.status_code, list(response.json()["details"])) == (400, ["username"])


@pytest.mark.parametrize("password", ["short", "12345678901", "password123", "", None, "x" * 1001, "ann-ann-ann"])
def test_weak_passwords(visitor, registration_open, password):
    response = visitor.post(URL, {"username": "ann-ann-ann", "password": password})
    assert (response.status_code, list(response.json()["details"])) == (400, ["password"])
    assert not User.objects.exists()


def test_blanks_belong_to_a_password(visitor, registration_open):
    visitor.post(URL, {"username": "ann", "password": f" {PASSWORD} "})
    assert User.objects.get().check_password(f" {PASSWORD} ")


def test_nothing_but_name_and_password_is_taken(visitor, registration_open):
    response = visitor.post(URL, {**ANN, "is_staff": True, "is_superuser": True})
    assert (response.status_code, response.json()) == (
        400,
        invalid(is_staff="Unknown field.", is_superuser="Unknown field."),
    )
    assert not User.objects.exists()
