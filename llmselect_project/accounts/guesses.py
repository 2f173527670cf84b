"""The one limit of guesses at passwords, for every door that a password goes through.

Whoever checks a password does so by `django.contrib.auth.authenticate()`: the API's login, the forms of the admin and
of the browsable API, and whatever asks for one's own password again. That is where guesses are counted, before the
password is looked at, so that guesses at the same moment cannot slip past.

There are circles: a session of the account, an address that the account logged in from lately, and everybody else, by
address and by account. A guess needs room in the narrowest circle that it comes from, and a wrong password counts in
that and in all wider ones. So whoever guesses from elsewhere can keep strangers out, but not the owner.
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

from llmselect_project.accounts import known_places as places
from llmselect_project.accounts.authentication import session_id
from llmselect_project.api import throttling
from perf.api.addresses import client_network


class TooManyGuesses(Throttled):
    """Passwords were tried too often; `wait` is in seconds. The API answers it as 429, and so do pages, in words."""

    wait: int  # REST framework sets it, and has no types


class CountingBackend(ModelBackend):
    """Checks names and passwords as Django does, and how often they are tried."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **credentials: Any,
    ) -> User | None:
        """Return the user whose name and password these are, or None; raises TooManyGuesses."""
        rate = settings.RATE_LIMITS["login"]
        if rate is None or username is None or password is None:
            return super().authenticate(request, username, password, **credentials)
        item, (narrowest, *wider) = parse(rate), _circles(request, username)
        _count(item, narrowest, request)
        user = super().authenticate(request, username, password, **credentials)
        if user is None:
            for identity in (identity for circle in wider for identity in circle):
                throttling.hit_for_now(item, identity)
            return None
        if not wider:
            for identity in narrowest:
                throttling.give_back(item, identity)
        return user if _noted(request, user) else None


def _count(item: RateLimitItem, circle: list[str], request: HttpRequest | None) -> None:
    """Count a guess by each identity of a circle, and tell the one with the least left; raises TooManyGuesses."""
    limits = []
    for identity in circle:
        limits.append(throttling.hit_for_now(item, identity))
        if not limits[-1].allowed:
            break
    told = min(limits, key=lambda limit: (limit.allowed, limit.remaining, -limit.reset))
    if request is not None:
        throttling.tell(request, told)
    if not told.allowed:
        raise TooManyGuesses(told.wait)


def _circles(request: HttpRequest | None, username: str) -> list[list[str]]:
    """Name what a guess counts by, the narrowest circle that it comes from first."""
    name = _folded(username)
    everybody = [_identity("account", name)]
    if request is None:
        return [everybody]
    network = client_network(request)
    circles = [[_identity("address", network), *everybody]]
    if places.is_known(username=username, network=network):
        circles.insert(0, [_identity("place", network, name)])
    if session := _own_session(request, name):
        circles.insert(0, [_identity("session", session)])
    return circles


def _own_session(request: HttpRequest, name: str) -> str | None:
    """Return what tells the session apart in which an account asks for its own password; None outside of one."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or _folded(user.get_username()) != name:
        return None
    token_session = session_id(request) if isinstance(request, Request) else None
    return str(token_session or request.session.session_key)


def _folded(username: str) -> str:
    """Write a name the same for every way to write it."""
    return User.normalize_username(User.normalize_username(username.strip()).casefold())


def _identity(kind: str, *parts: str) -> str:
    """Name a counter without telling whose it is: names and session keys are nothing for the store of limits."""
    return f"login:{kind}:{salted_hmac('llmselect.guesses', repr(parts)).hexdigest()}"


def _noted(request: HttpRequest | None, user: User) -> bool:
    """Remember where an account logged in from; False when it was deleted meanwhile."""
    if request is None:
        return True
    try:
        places.remember(user_id=user.pk, network=client_network(request))
    except IntegrityError:
        return False
    return True
