"""Rate limits, counted in Redis for all workers, or in memory when there is none or it fails."""

import logging
import math
import time
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponseBase
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from llmselect_project.addresses import client_network
from perf.caching.outage import Outage

if TYPE_CHECKING:
    from rest_framework.views import APIView

outage = Outage(logging.getLogger("llmselect.throttling"), "the shared rate limits fail; each worker counts for itself")


class RateLimit(NamedTuple):
    """How a limit stands after a request: `reset` is when the next place becomes free, in seconds since 1970."""

    allowed: bool
    remaining: int
    reset: float
    limit: int


class ScopedThrottle(BaseThrottle):
    """Limits views that say a `throttle_scope`.

    `completion` counts per user, `login` per account and per address, `registration` per address.
    """

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Count the request against every limit that concerns it; False when one is used up."""
        scope: str = getattr(view, "throttle_scope", None) or ""
        rate = settings.RATE_LIMITS.get(scope)
        if rate is None:
            return True
        item = parse(rate)
        limits = [_hit(item, identity) for identity in _identities(scope, request)]
        # The one to tell of: among those used up the last to become free, else the one with the least left.
        self.told = min(limits, key=lambda limit: (limit.allowed, limit.remaining, -limit.reset))
        request._request.META[_TOLD] = self.told
        return self.told.allowed

    def wait(self) -> float:
        """Return the seconds until the next request is allowed."""
        return max(1.0, math.ceil(self.told.reset - time.time()))


_TOLD = "llmselect.rate_limit"  # in the META of a request


def note_rate_limit(request: HttpRequest, response: HttpResponseBase) -> None:
    """Tell the client of a throttled endpoint how its limit stands, also where the request succeeded."""
    told: RateLimit | None = request.META.get(_TOLD)
    if told is not None:
        response.headers["X-RateLimit-Limit"] = str(told.limit)
        response.headers["X-RateLimit-Remaining"] = str(told.remaining)
        response.headers["X-RateLimit-Reset"] = str(math.ceil(told.reset))


def _identities(scope: str, request: Request) -> list[str]:
    if scope == "completion":
        return [f"completion:user:{request.user.pk}"]
    identities = [f"{scope}:address:{client_network(request)}"]
    if scope == "login":
        identities.append(_account(request))
    return identities


def _account(request: Request) -> str:
    """Name the account whose password is tried, the same for every way to write its name."""
    if request.user is not None and request.user.is_authenticated:
        return f"login:user:{request.user.pk}"
    name = request.data.get("username") if isinstance(request.data, dict) else None
    return f"login:account:{User.normalize_username(str(name).strip())[:150].casefold()}"


@cache
def limiters() -> tuple[MovingWindowRateLimiter, ...]:
    """Return the limiters to try, the shared one first."""
    local = MovingWindowRateLimiter(MemoryStorage())
    if not settings.REDIS_URL:
        return (local,)
    timeouts = {"socket_timeout": 0.25, "socket_connect_timeout": 0.25}
    shared = storage_from_string(settings.REDIS_URL, key_prefix="llmselect:limits", **timeouts)
    return (MovingWindowRateLimiter(shared), local)


def _hit(item: RateLimitItem, identity: str) -> RateLimit:
    """Count in the shared store; while that fails this worker counts for itself, so that nobody is ever unlimited."""
    *shared, local = limiters()
    for limiter in shared if not outage.lasting else ():
        try:
            return _counted(limiter, item, identity)
        except Exception as error:  # whatever the store raises
            outage.failed(error)
    return _counted(local, item, identity)


def _counted(limiter: MovingWindowRateLimiter, item: RateLimitItem, identity: str) -> RateLimit:
    allowed = limiter.hit(item, identity)
    stats = limiter.get_window_stats(item, identity)
    return RateLimit(allowed, stats.remaining if allowed else 0, stats.reset_time, item.amount)
