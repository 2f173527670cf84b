"""POST /auth/refresh."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken
from rest_framework_simplejwt.tokens import RefreshToken as RefreshJWT

from llmselect_project.models import LoginSession, RefreshToken
from tests.helpers import client_with, error, login

pytestmark = pytest.mark.django_db

URL = "/api/v1/auth/refresh"
NOT_VALID = error("token_not_valid", "The token is invalid or expired.")


def refresh(token):
    return APIClient().post(URL, {"refresh": token})


def sid(pair):
    return AccessToken(pair["access"])["sid"]


def assert_refused(response):
    assert (response.status_code, response.json()) == (401, NOT_VALID)
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="api"'


def test_it_gives_a_new_pair_of_the_same_session(ann):
    first = login()
    response = refresh(first["refresh"])
    second = response.json()
    assert (response.status_code, set(second)) == (200, {"access", "refresh"})
    assert second["refresh"] != first["refresh"]
    assert sid(second) == sid(first)
    assert client_with(second["access"]).get("/api/v1/auth/me").status_code == 200


def test_a_session_lives_on_with_every_refresh(ann):
    pair = login()
    LoginSession.objects.update(expires_at=timezone.now())
    refresh(pair["refresh"])
    assert LoginSession.objects.get().expires_at > timezone.now() + timedelta(days=13)


def test_the_same_token_again_at_once_gets_another_pair_of_the_same_session(ann):
    first = login()
    second, third = refresh(first["refresh"]).json(), refresh(first["refresh"]).json()
    assert sid(first) == sid(second) == sid(third)
    assert second["refresh"] != third["refresh"]
    assert [refresh(pair["refresh"]).status_code for pair in (second, third)] == [200, 200]


@pytest.mark.django_db(transaction=True)
def test_later_use_ends_the_session(ann, settings):
    first = login()
    second = refresh(first["refresh"]).json()
    settings.REFRESH_REUSE_WINDOW = timedelta(0)
    assert_refused(refresh(first["refresh"]))
    assert_refused(refresh(second["refresh"]))
    assert_refused(client_with(second["access"]).get("/api/v1/auth/me"))
    assert not LoginSession.objects.exists()


def test_the_window_is_ten_seconds(ann):
    first = login()
    refresh(first["refresh"])
    RefreshToken.objects.filter(used_at__isnull=False).update(used_at=timezone.now() - timedelta(seconds=9))
    assert refresh(first["refresh"]).status_code == 200
    RefreshToken.objects.filter(used_at__isnull=False).update(used_at=timezone.now() - timedelta(seconds=11))
    assert_refused(refresh(first["refresh"]))


def test_later_use_leaves_other_sessions_alone(ann, settings):
    copied, other = login(), login()
    settings.REFRESH_REUSE_WINDOW = timedelta(0)
    refresh(copied["refresh"])
    assert_refused(refresh(copied["refresh"]))
    assert refresh(other["refresh"]).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_six_at_once_all_succeed(ann):
    first = login()

    def once(_):
        try:
            return refresh(first["refresh"]).json()
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        pairs = list(threads.map(once, range(6)))
    assert [sid(pair) for pair in pairs] == [sid(first)] * 6
    assert len({pair["refresh"] for pair in pairs}) == 6
    assert [refresh(pair["refresh"]).status_code for pair in pairs] == [200] * 6
    assert LoginSession.objects.count() == 1


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "!"}])
def test_a_changed_user_is_refused(ann, change):
    pair = login()
    User.objects.filter(pk=ann.pk).update(**change)  # sends no signal
    assert_refused(refresh(pair["refresh"]))


def test_a_deleted_user_is_refused(ann):
    pair = login()
    ann.delete()
    assert_refused(refresh(pair["refresh"]))


def test_an_access_token_is_no_refresh_token(ann):
    assert_refused(refresh(login()["access"]))


def test_an_expired_token_is_refused(ann):
    token = RefreshJWT(login()["refresh"])
    token.set_exp(lifetime=timedelta(seconds=-1))
    assert_refused(refresh(str(token)))


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "é", "eyJhbGciOiJub25lIn0.e30."])
def test_malformed_tokens_are_refused(db, token):
    assert_refused(refresh(token))


@pytest.mark.parametrize("token", [None, "", ["a"], {}, "a\0", "x" * 2001])
def test_what_is_no_token_at_all(db, token):
    response = refresh(token)
    assert (response.status_code, list(response.json()["details"])) == (400, ["refresh"])


def test_an_expired_authorization_does_not_block_it(ann):
    assert client_with("expired").post(URL, {"refresh": login()["refresh"]}).status_code == 200
