"""The rate limit of password guesses, for every form and endpoint that checks a password.

All of them call `django.contrib.auth.authenticate()`: the API's login, the forms of the admin and the browsable API,
and whatever asks for one's own password again. A guess is counted there, before the password is checked, so that
concurrent guesses cannot slip past.

Guesses are counted in scopes, from narrow to wide: a session of the account; an address that the account logged in from
lately; and everybody else, by address and by account. A guess needs room in the narrowest scope that it comes from, and
a wrong password counts in that scope and in all wider ones. So guesses from elsewhere can lock strangers out, but never
the owner.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.db import IntegrityError
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from limits import RateLimitItem, parse
from rest_framework.exceptions import Throttled
from rest_framework.request import Request

from llmselect_project.accounts import known_places
from llmselect_project.accounts.authentication import session_id
from llmselect_project.api import throttling
from perf.api.addresses import client_network
from perf.serving.pinning import roaming


class TooManyGuesses(Throttled):
    """Too many passwords were tried; `wait` is in seconds. The API and HTML pages answer with 429."""

    wait: int  # set by REST framework, which has no types


class CountingBackend(ModelBackend):
    """Django's check of names and passwords, with a limit of attempts."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **credentials: Any,
    ) -> User | None:
        """Return the user with this name and password, or None. Raises TooManyGuesses."""
        rate = settings.RATE_LIMITS["login"]
        if rate is None or username is None or password is None:
            return self._check(request, username, password, **credentials)
        item, (narrowest, *wider) = parse(rate), _scopes(request, username)
        _count(item, narrowest, request)
        user = self._check(request, username, password, **credentials)
        if user is None:
            for identity in (identity for scope in wider for identity in scope):
                throttling.hit_refundable(item, identity)
            return None
        if not wider:
            for identity in narrowest:
                throttling.refund(item, identity)
        return user if _remember_network(request, user) else None

    def _check(self, request: HttpRequest | None, *given: str | None, **credentials: Any) -> User | None:
        with roaming():
            return super().authenticate(request, *given, **credentials)


def _count(item: RateLimitItem, scope: list[str], request: HttpRequest | None) -> None:
    """Count a guess for each identity of a scope, and attach the tightest limit. Raises TooManyGuesses."""
    limits = []
    for identity in scope:
        limits.append(throttling.hit_refundable(item, identity))
        if not limits[-1].allowed:
            break
    tightest = throttling.tightest(limits)
    if request is not None:
        throttling.attach(request, tightest)
    if not tightest.allowed:
        raise TooManyGuesses(tightest.wait)


def _scopes(request: HttpRequest | None, username: str) -> list[list[str]]:
    """Return the identities of each scope that a guess comes from, the narrowest scope first."""
    name = _folded(username)
    everybody = [_identity("account", name)]
    if request is None:
        return [everybody]
    network = client_network(request)
    scopes = [[_identity("address", network), *everybody]]
    if known_places.is_known(username=username, network=network):
        scopes.insert(0, [_identity("place", network, name)])
    if session := _own_session(request, name):
        scopes.insert(0, [_identity("session", session)])
    return scopes


def _own_session(request: HttpRequest, name: str) -> str | None:
    """Return the id of the session in which an account enters its own password; None outside of one."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or _folded(user.get_username()) != name:
        return None
    token_session = session_id(request) if isinstance(request, Request) else None
    return str(token_session or request.session.session_key)


def _folded(username: str) -> str:
    """Return the same name for all spellings that differ in case or Unicode form."""
    return User.normalize_username(User.normalize_username(username.strip()).casefold())


def _identity(kind: str, *parts: str) -> str:
    """Return the name of a counter, hashed: the store of limits must not hold names and session keys."""
    return f"login:{kind}:{salted_hmac('llmselect.guesses', repr(parts)).hexdigest()}"


def _remember_network(request: HttpRequest | None, user: User) -> bool:
    """Remember the network of a login; returns False if the account was deleted meanwhile."""
    if request is None:
        return True
    try:
        known_places.remember(user_id=user.pk, network=client_network(request))
    except IntegrityError:
        return False
    return True
