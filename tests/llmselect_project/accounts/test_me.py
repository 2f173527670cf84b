"""GET and DELETE /auth/me."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from conversations.models import Conversation, Message
from llmselect_project.models import LoginSession, RefreshToken
from models_registry.models import APIKey
from tests.helpers import PASSWORD, client_for, conversation, error, invalid, login

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/auth/me"


def test_it_shows_the_account(ann, api):
    response = api.get(URL)
    assert (response.status_code, response.json()) == (200, {"id": ann.pk, "username": "ann", "is_staff": False})
    assert response.headers["Cache-Control"] == "no-store"


def test_it_shows_the_same_from_the_cache(ann, api):
    assert api.get(URL).json() == api.get(URL).json() == {"id": ann.pk, "username": "ann", "is_staff": False}


@pytest.mark.django_db
def test_it_shows_staff(staff):
    assert client_for(staff).get(URL).json() == {"id": staff.pk, "username": "staff", "is_staff": True}


def test_changes_show_at_once(ann, api):
    api.get(URL)
    ann.is_staff = True
    ann.username = "anna"
    ann.save()
    assert api.get(URL).json() == {"id": ann.pk, "username": "anna", "is_staff": True}


def test_it_works_in_a_browser(ann):
    browser = Client()
    browser.force_login(ann)
    assert browser.get(URL).json()["username"] == "ann"


@pytest.mark.django_db
def test_visitors_have_none(visitor):
    response = visitor.get(URL)
    assert response.status_code == 401
    assert response.json() == error("not_authenticated", "Authentication credentials were not provided.")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="api"'


def test_delete_removes_the_account_and_all_it_owns(ann, api, echo):
    login()
    conversation(ann, messages=2)
    APIKey.objects.create(user=ann, provider=echo, key_encrypted="…", masked="****")
    response = api.delete(URL, {"password": PASSWORD})
    assert (response.status_code, response.content) == (204, b"")
    for model in (User, Conversation, Message, APIKey, LoginSession, RefreshToken):
        assert not model.objects.exists()
    assert api.get(URL).json()["error"] == "token_not_valid"


@pytest.mark.django_db
def test_delete_leaves_others_alone(api, bob):
    conversation(bob, messages=2)
    api.delete(URL, {"password": PASSWORD})
    assert (User.objects.get(), Message.objects.count()) == (bob, 2)


@pytest.mark.django_db
@pytest.mark.parametrize("body", [{}, {"password": None}, {"password": ""}, {"password": ["a"]}])
def test_delete_wants_the_password(ann, api, body):
    response = api.delete(URL, body)
    assert (response.status_code, list(response.json()["details"])) == (400, ["password"])


@pytest.mark.django_db
def test_delete_wants_the_right_password(ann, api):
    response = api.delete(URL, {"password": "wrong"})
    assert (response.status_code, response.json()) == (400, invalid(password="This is not your password."))
    assert User.objects.filter(pk=ann.pk).exists()
