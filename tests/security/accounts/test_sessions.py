"""Sessions under attack: forged tokens, requests that race each other, tables that must not grow."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import jwt
import pytest
from django.conf import settings as configured
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken

from llmselect_project.accounts import sessions
from llmselect_project.accounts.authentication import _verified
from llmselect_project.models import LoginSession, RefreshToken
from tests.helpers import PASSWORD, client_with, eventually, login

pytestmark = pytest.mark.django_db(transaction=True)

ME, REFRESH, LOGOUT = "/api/v1/auth/me", "/api/v1/auth/refresh", "/api/v1/auth/logout"


def post(path, body, **headers):
    return APIClient().post(path, body, **headers).status_code


# Forged tokens


def forged(token, *, key=configured.SECRET_KEY, algorithm="HS256", header=None, **claims):
    payload = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode({**payload, **claims}, key, algorithm=algorithm, headers=header)


def test_only_our_algorithm_and_our_key_count(ann):
    pair = login()
    for token, check in ((pair["access"], authenticates), (pair["refresh"], refreshes)):
        assert check(forged(token))  # what follows fails for no other reason
        for algorithm, key in (
            ("none", ""),
            ("HS384", configured.SECRET_KEY),
            ("HS512", configured.SECRET_KEY),
            ("HS256", "another key " * 6),
        ):
            assert not check(forged(token, key=key, algorithm=algorithm))
        head, body, signature = token.split(".")
        for broken in (f"{head}.{body}.", f"{head}.{body}", f"{head}.{body}.{signature[:-4]}AAAA", f".{body}."):
            assert not check(broken)


def test_a_header_cannot_choose_the_key(ann):
    token = login()["access"]
    jwk = {"kty": "oct", "k": "YW5vdGhlciBrZXk", "alg": "HS256"}
    for header in ({"jwk": jwk}, {"kid": "/dev/null"}, {"jku": "https://elsewhere.example/keys"}):
        assert not authenticates(forged(token, key="another key " * 6, header=header))


def test_claims_are_checked(ann, bob):
    token = login()["access"]
    for claims in (
        {"token_type": "refresh"},
        {"exp": 1},
        {"sid": "nonsense"},
        {"sid": None},
        {"user_id": str(bob.pk)},  # another's session
        {"user_id": "1 OR 1=1"},
        {"user_id": "9" * 5000},
        {"user_id": 10**30},
        {"user_id": -1},
    ):
        assert not authenticates(forged(token, **claims)), claims


def authenticates(token):
    return client_with(token).get(ME).status_code == 200


def refreshes(token):
    return post(REFRESH, {"refresh": token}) == 200


# The memory of checked signatures


def test_a_remembered_signature_lets_nobody_in_who_should_not_be(ann, monkeypatch):
    pair = login()
    assert authenticates(pair["access"])
    before = _verified.cache_info().hits
    assert authenticates(pair["access"])
    assert _verified.cache_info().hits > before
    post(LOGOUT, {"refresh": pair["refresh"]})
    assert not authenticates(pair["access"])


def test_a_remembered_token_expires(ann):
    soon = forged(login()["access"], exp=int(time.time()) + 2)
    assert authenticates(soon)
    assert eventually(lambda: not authenticates(soon), seconds=6)


def test_refused_tokens_are_not_remembered_and_cannot_push_others_out(ann):
    token = login()["access"]
    assert authenticates(token)
    before = _verified.cache_info().currsize
    for number in range(50):
        assert not authenticates(f"{token}{number}")
    assert _verified.cache_info().currsize == before


def test_a_request_cannot_change_what_is_remembered(ann):
    token = login()["access"]
    remembered = dict(_verified(token).payload)
    for method in ("get", "post", "delete"):
        getattr(client_with(token), method)(ME, {"password": "wrong"})
    assert _verified(token).payload == remembered
    assert AccessToken(token).payload == remembered


# Races. PostgreSQL only: on SQLite writers wait for each other from the start.


@pytest.fixture
def postgres():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")


def racing(action):
    """Run `action` in a thread until it waits for a lock; what is returned waits for its end and gives its result."""
    results = []

    def run():
        try:
            results.append(action())
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert eventually(lambda: waiting() or not thread.is_alive(), seconds=10)

    def result():
        thread.join(10)
        return results[0]

    return result


def waiting():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0] > 0


def test_a_refresh_during_a_change_of_the_password_keeps_the_session(postgres, ann):
    pair = login()
    kept = AccessToken(pair["access"])["sid"]
    with transaction.atomic():
        sessions.change_password(user=User.objects.get(), password="another good one", keep=UUID(kept))
        refreshed = racing(lambda: post(REFRESH, {"refresh": pair["refresh"]}))
    assert refreshed() == 200
    assert str(LoginSession.objects.get().pk) == kept


@pytest.mark.parametrize("end", ["password", "deactivation", "logout", "deletion"])
def test_a_refresh_while_the_session_is_ended_gives_nothing(postgres, ann, end):
    pair = login()
    with transaction.atomic():
        user = User.objects.get()
        if end == "password":
            sessions.change_password(user=user, password="another good one", keep=None)
        elif end == "logout":
            sessions.end_session(refresh=pair["refresh"])
        elif end == "deletion":
            sessions.delete_account(user=user)
        else:
            LoginSession.objects.select_for_update().get()
            user.is_active = False
            user.save()
        refreshed = racing(lambda: post(REFRESH, {"refresh": pair["refresh"]}))
    assert refreshed() == 401
    assert not authenticates(pair["access"])


def test_everything_at_once_leaves_nobody_in(postgres, ann):
    """Logins, refreshes and logouts, all at once; then the account is deactivated."""
    pairs = [login() for _ in range(4)]

    def one(number):
        try:
            pair = pairs[number % 4]
            if number % 5 == 0:
                return post(LOGOUT, {"refresh": pair["refresh"]})
            if number % 7 == 0:
                return post("/api/v1/auth/login", {"username": "ann", "password": PASSWORD})
            return post(REFRESH, {"refresh": pair["refresh"]})
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        codes = set(threads.map(one, range(60)))
    assert codes <= {200, 204, 401}
    user = User.objects.get()
    user.is_active = False
    user.save()
    assert not any(authenticates(pair["access"]) for pair in pairs)
    assert not any(refreshes(pair["refresh"]) for pair in pairs)


def test_two_who_take_one_name_at_once(settings, postgres):
    settings.ALLOW_OPEN_REGISTRATION = True
    barrier = threading.Barrier(6)

    def register(number):
        try:
            barrier.wait(10)
            name = ("same", "Same", "SAME")[number % 3]
            return post("/api/v1/auth/register", {"username": name, "password": PASSWORD})
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        codes = sorted(threads.map(register, range(6)))
    assert codes == [201, 400, 400, 400, 400, 400]
    assert User.objects.count() == 1


# Tables


def test_prune_keeps_one_token_of_a_session_that_refreshes_often(ann):
    pair = first = login()
    for _ in range(20):
        pair = APIClient().post(REFRESH, {"refresh": pair["refresh"]}).json()
    RefreshToken.objects.filter(used_at__isnull=False).update(used_at=timezone.now() - timedelta(days=2))
    call_command("prune", verbosity=0)
    assert (LoginSession.objects.count(), RefreshToken.objects.count()) == (1, 1)
    assert refreshes(pair["refresh"])
    # A copy of a token whose row is gone is still known to be one, and ends the session.
    assert not refreshes(first["refresh"])
    assert not LoginSession.objects.exists()


def test_prune_deletes_what_expired_and_nothing_else(ann, monkeypatch, capsys):
    monkeypatch.setattr(sessions, "PRUNE_BATCH", 2)
    for _ in range(5):
        login()
    old = list(LoginSession.objects.order_by("pk").values_list("pk", flat=True)[:4])
    past = timezone.now() - timedelta(seconds=1)
    LoginSession.objects.filter(pk__in=old).update(expires_at=past)
    RefreshToken.objects.filter(session__in=old).update(expires_at=past)
    call_command("prune")
    assert capsys.readouterr().out == "Deleted 8 expired rows.\n"
    assert (LoginSession.objects.count(), RefreshToken.objects.count()) == (1, 1)
