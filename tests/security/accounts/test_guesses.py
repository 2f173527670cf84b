"""Guesses at passwords: one limit for every door, which no attacker can use up for the owner of the account."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from llmselect_project.models import KnownPlace
from tests.helpers import PASSWORD, client_for, error, login

pytestmark = pytest.mark.django_db(transaction=True)

ADMIN, BROWSE, LOGIN = "/admin/login/", "/api-auth/login/", "/api/v1/auth/login"
CHANGE, ME, OWN = "/api/v1/auth/password", "/api/v1/auth/me", "/admin/password_change/"
HOME, AWAY = "10.0.0.1", "10.9.9.9"
NEW = "a staple for horses"


@pytest.fixture(autouse=True)
def limit(settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "login": "3/minute"}


@pytest.fixture
def boss(staff):
    staff.is_superuser = True
    staff.save()
    return staff


def at_admin(name="staff", password="wrong", address=AWAY, door=ADMIN):
    return Client(REMOTE_ADDR=address).post(door, {"username": name, "password": password})


def at_browsable_api(name="staff", password="wrong", address=AWAY):
    return at_admin(name, password, address, BROWSE)


def at_api(name="staff", password="wrong", address=AWAY):
    return APIClient(REMOTE_ADDR=address).post(LOGIN, {"username": name, "password": password})


STRANGERS = {"admin": at_admin, "browsable API": at_browsable_api, "API": at_api}


def page_client(user, address):
    client = Client(REMOTE_ADDR=address)
    client.force_login(user)
    return client


# Doors that ask for one's own password again: each makes a way to try one, within one session.
def at_own_page(user, address=AWAY):
    client = page_client(user, address)
    return lambda password: client.post(OWN, {"old_password": password, "new_password1": NEW, "new_password2": NEW})


def at_change(user, address=AWAY):
    client = client_for(user)
    return lambda password: client.post(
        CHANGE, {"current_password": password, "new_password": NEW}, REMOTE_ADDR=address
    )


def at_deletion(user, address=AWAY):
    client = client_for(user)
    return lambda password: client.delete(ME, {"password": password}, REMOTE_ADDR=address)


SESSIONS = {"admin's own page": at_own_page, "password": at_change, "deletion": at_deletion}


def passed(response):
    """Tell whether a password was right."""
    return (
        response.status_code in (200, 204, 302)
        and b"errornote" not in response.content
        and b"text-error" not in (response.content)
    )


# Every door


@pytest.mark.parametrize("door", STRANGERS)
def test_a_door_for_strangers_is_limited(boss, door):
    tries = [STRANGERS[door]() for _ in range(5)]
    assert [response.status_code == 429 for response in tries] == [False] * 3 + [True] * 2
    assert not any(passed(response) for response in tries)
    assert STRANGERS[door](password=PASSWORD).status_code == 429
    assert {1 <= int(response.headers["Retry-After"]) <= 60 for response in tries[3:]} == {True}


@pytest.mark.parametrize("door", SESSIONS)
def test_a_door_within_a_session_is_limited(boss, door):
    guess = SESSIONS[door](boss)
    tries = [guess("wrong") for _ in range(5)]
    assert [response.status_code == 429 for response in tries] == [False] * 3 + [True] * 2
    refused = guess(PASSWORD)
    assert (refused.status_code, "Retry-After" in refused.headers) == (429, True)
    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.parametrize("door", [*STRANGERS, *SESSIONS])
def test_doors_count_together(boss, door):
    guess = partial(SESSIONS[door](boss), "wrong") if door in SESSIONS else STRANGERS[door]
    for _ in range(3):
        assert guess().status_code != 429
    assert [try_it().status_code for try_it in STRANGERS.values()] == [429] * 3
    # By account, and by address.
    assert [try_it(address="10.8.8.8").status_code for try_it in STRANGERS.values()] == [429] * 3
    assert [try_it(name="nobody").status_code for try_it in STRANGERS.values()] == [429] * 3


def test_thirty_two_tries_at_the_admin_are_three(boss):
    codes = [at_admin().status_code for _ in range(32)]
    assert (codes.count(200), codes.count(429)) == (3, 29)


def test_nothing_checks_a_password_past_the_limit():
    """The one exception looks at passwords of demo accounts, from a command."""
    packages = ("llmselect_project", "conversations", "models_registry", "perf")
    found = {
        str(path.relative_to(configured.BASE_DIR))
        for package in packages
        for path in Path(configured.BASE_DIR / package).rglob("*.py")
        if re.search(r"\bcheck_password\(|\bPasswordChangeForm\b", path.read_text(encoding="utf-8"))
    }
    assert found == {"conversations/benchmarks/demo/accounts.py"}
    assert configured.AUTHENTICATION_BACKENDS == ["llmselect_project.accounts.guesses.CountingBackend"]


# What is told


def test_the_page_is_for_people(boss):
    for _ in range(3):
        at_admin()
    response = at_admin()
    page = response.content.decode()
    seconds = int(response.headers["Retry-After"])
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<title>Too many attempts | LLMSelect</title>" in page
    assert f"Please try again in {seconds} seconds." in page
    assert 'href="/admin/login/"' in page
    assert response.headers["Cache-Control"] == "no-store"


def test_the_api_says_it_as_ever(boss):
    left = [int(at_api().headers["X-RateLimit-Remaining"]) for _ in range(3)]
    response = at_api()
    seconds = response.headers["Retry-After"]
    assert response.json() == error("throttled", f"Request was throttled. Expected available in {seconds} seconds.")
    assert (left, response.headers["X-RateLimit-Limit"], response.headers["X-RateLimit-Remaining"]) == (
        [2, 1, 0],
        "3",
        "0",
    )


# The owner


def attack(name="staff", addresses=8):
    """Try wrong passwords from many addresses, by turns at every door, until nobody is let near the account."""
    for number in range(addresses):
        for guess in STRANGERS.values():
            guess(name, address=f"10.1.0.{number}")
    assert at_api(name, address="10.2.0.1").status_code == 429


@pytest.mark.parametrize("door", STRANGERS)
def test_the_owner_logs_in_from_where_he_did_before(boss, door):
    assert passed(at_api(password=PASSWORD, address=HOME))
    attack()
    assert passed(STRANGERS[door](password=PASSWORD, address=HOME))
    assert STRANGERS[door](password=PASSWORD, address="10.2.0.2").status_code == 429


@pytest.mark.parametrize("door", SESSIONS)
def test_the_owner_goes_on_in_a_session(boss, door):
    """Also when the attacker is at the same address."""
    own = SESSIONS[door](boss)
    attack()
    for _ in range(4):
        at_api()
    assert passed(own(PASSWORD))


def test_a_session_that_was_stolen_uses_up_no_other(boss):
    thief, owner = at_change(boss), at_change(boss)
    assert [thief("wrong").status_code for _ in range(4)] == [400, 400, 400, 429]
    assert owner(PASSWORD).status_code == 204


def test_a_place_is_the_accounts_that_logged_in_there(boss, ann):
    assert passed(at_api("ann", PASSWORD, HOME))
    attack()
    assert at_api("staff", PASSWORD, HOME).status_code == 429


def test_a_known_place_is_limited_too(boss):
    at_api(password=PASSWORD, address=HOME)
    codes = [at_api(address=HOME).status_code for _ in range(6)]
    assert codes == [401, 401, 401, 429, 429, 429]
    assert at_admin(address=HOME).status_code == 429


def test_a_place_is_known_for_thirty_days(boss):
    at_api(password=PASSWORD, address=HOME)
    call_command("prune", verbosity=0)
    assert KnownPlace.objects.count() == 1
    KnownPlace.objects.update(seen_at=timezone.now() - timedelta(days=31))
    attack()
    assert at_api(password=PASSWORD, address=HOME).status_code == 429
    call_command("prune", verbosity=0)
    assert not KnownPlace.objects.exists()


def test_a_place_is_kept_once_and_not_in_plain_text(boss):
    for address in (HOME, HOME, "2001:db8::1", "2001:db8::2"):
        assert passed(at_api(password=PASSWORD, address=address))
    networks = list(KnownPlace.objects.values_list("network", flat=True))
    assert len(networks) == 2
    assert not [network for network in networks if not re.fullmatch("[0-9a-f]{64}", network)]


def test_places_go_with_the_account(ann):
    assert at_deletion(ann)(PASSWORD).status_code == 204
    assert not KnownPlace.objects.exists()


# Fairness


def test_right_passwords_use_up_nobodys_limit(db):
    names = [f"user{number}" for number in range(8)]
    for name in names:
        User.objects.create_user(name, password=PASSWORD)
    assert [at_api(name, PASSWORD).status_code for name in names] == [200] * 8
    assert [at_api("nobody").status_code for _ in range(4)] == [401, 401, 401, 429]


def test_a_success_of_ones_own_gives_back_no_guess_at_another(boss, ann):
    codes = []
    for _ in range(5):
        codes.append(at_api("staff").status_code)
        at_api("ann", PASSWORD)
    assert codes == [401, 401, 401, 429, 429]


def test_guesses_at_the_same_moment_do_not_slip_past(boss):
    barrier = threading.Barrier(18)

    def guess(number):
        try:
            barrier.wait(20)
            return list(STRANGERS.values())[number % 3](address=f"10.3.0.{number}").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(18) as threads:
        codes = list(threads.map(guess, range(18)))
    assert (codes.count(429), len(codes)) == (15, 18)


# Names


@pytest.mark.parametrize("written", ["STAFF", " staff ", "Staff", "\uff53taff", "\u017ftaff"])
def test_all_writings_of_a_name_are_one(boss, written):
    for number in range(3):
        assert at_api(written, address=f"10.4.0.{number}").status_code == 401
    assert at_admin(address="10.5.0.1").status_code == 429


@pytest.mark.parametrize("door", STRANGERS)
def test_an_unknown_account_looks_like_a_known_one(boss, door):
    def seen(name):
        responses = [STRANGERS[door](name, address=f"10.6.{len(name)}.{number}") for number in range(5)]
        return [
            (response.status_code, response.headers.get("X-RateLimit-Remaining"), "Retry-After" in response.headers)
            for response in responses
        ]

    assert seen("staff") == seen("nobody")


def test_off_is_off(boss, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "login": None}
    for guess in STRANGERS.values():
        assert {guess().status_code for _ in range(6)} <= {200, 401}
    assert login("staff")
    assert "X-RateLimit-Limit" not in at_api().headers
