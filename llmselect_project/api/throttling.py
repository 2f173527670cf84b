"""Rate limits, counted in Redis for all workers, or in memory when there is none or it fails."""

import logging
import math
import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, MovingWindowSupport, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from perf.api.addresses import client_network
from perf.caching.outage import Outage

if TYPE_CHECKING:
    from rest_framework.views import APIView

T = TypeVar("T")

GIVEN_BACK = "given-back"
MOST_GIVEN_BACK = 1000  # in one window; more than there are first logins from one address

outage = Outage(logging.getLogger("llmselect.throttling"), "the shared rate limits fail; each worker counts for itself")


class RateLimit(NamedTuple):
    """How a limit stands after a request: `reset` is when the next place becomes free, in seconds since 1970."""

    allowed: bool
    remaining: int
    reset: float
    limit: int

    @property
    def wait(self) -> float:
        """Say how many seconds are left until the next request is allowed."""
        return max(1.0, math.ceil(self.reset - time.time()))


class ScopedThrottle(BaseThrottle):
    """Limits views that say a `throttle_scope`: `completion` counts per user, `registration` per address.

    Guesses at passwords are counted where passwords are checked: `llmselect_project.accounts.guesses`.
    """

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Count the request; False when its limit is used up."""
        scope: str = getattr(view, "throttle_scope", None) or ""
        rate = settings.RATE_LIMITS.get(scope)
        if rate is None:
            return True
        who = f"user:{request.user.pk}" if scope == "completion" else f"address:{client_network(request)}"
        self.told = hit(parse(rate), f"{scope}:{who}")
        tell(request, self.told)
        return self.told.allowed

    def wait(self) -> float:
        """Return the seconds until the next request is allowed."""
        return self.told.wait


_TOLD = "llmselect.rate_limit"  # in the META of a request


def tell(request: HttpRequest | Request, limit: RateLimit) -> None:
    """Have the answer to a request of the API say how its limit stands."""
    request.META[_TOLD] = limit


def note_rate_limit(request: HttpRequest, response: HttpResponseBase) -> None:
    """Tell the client of a throttled endpoint how its limit stands, also where the request succeeded."""
    told: RateLimit | None = request.META.get(_TOLD)
    if told is not None:
        response.headers["X-RateLimit-Limit"] = str(told.limit)
        response.headers["X-RateLimit-Remaining"] = str(told.remaining)
        response.headers["X-RateLimit-Reset"] = str(math.ceil(told.reset))


@cache
def limiters() -> tuple[MovingWindowRateLimiter, ...]:
    """Return the limiters to try, the shared one first."""
    local = MovingWindowRateLimiter(MemoryStorage())
    if not settings.REDIS_URL:
        return (local,)
    timeouts = {"socket_timeout": 0.25, "socket_connect_timeout": 0.25}
    shared = storage_from_string(settings.REDIS_URL, key_prefix="llmselect:limits", **timeouts)
    return (MovingWindowRateLimiter(shared), local)


def hit(item: RateLimitItem, identity: str) -> RateLimit:
    """Count one more of `identity`, unless its limit is used up."""
    return _counted(lambda limiter: _hit(limiter, item, identity, 0))


def hit_for_now(item: RateLimitItem, identity: str) -> RateLimit:
    """Count as `hit` does what `give_back` may take back."""
    return _counted(lambda limiter: _hit(limiter, item, identity, _given_back(limiter, item, identity)))


def give_back(item: RateLimitItem, identity: str) -> None:
    """Take back what was counted for now: it turned out to be none of what is limited.

    An entry of a moving window cannot be removed. What is given back is counted beside it, and widens the limit.
    """
    key = item.key_for(identity, GIVEN_BACK)
    _counted(lambda limiter: _windows(limiter).acquire_entry(key, MOST_GIVEN_BACK, item.get_expiry()))


def _counted(count: Callable[[MovingWindowRateLimiter], T]) -> T:
    """Count in the shared store; while that fails this worker counts for itself, so that nobody is ever unlimited."""
    *shared, local = limiters()
    for limiter in shared if not outage.active else ():
        try:
            return count(limiter)
        except Exception as error:  # whatever the store raises
            outage.failed(error)
    return count(local)


def _hit(limiter: MovingWindowRateLimiter, item: RateLimitItem, identity: str, given_back: int) -> RateLimit:
    windows, key, expiry = _windows(limiter), item.key_for(identity), item.get_expiry()
    limit = item.amount + given_back
    allowed = windows.acquire_entry(key, limit, expiry)
    start, count = windows.get_moving_window(key, limit, expiry)
    return RateLimit(allowed, limit - count if allowed else 0, start + expiry, item.amount)


def _given_back(limiter: MovingWindowRateLimiter, item: RateLimitItem, identity: str) -> int:
    key = item.key_for(identity, GIVEN_BACK)
    return _windows(limiter).get_moving_window(key, MOST_GIVEN_BACK, item.get_expiry())[1]


def _windows(limiter: MovingWindowRateLimiter) -> MovingWindowSupport:
    return cast(MovingWindowSupport, limiter.storage)  # what the limiter has made sure of
