"""Rate limits, counted in Redis for all workers; in memory without Redis, and while it fails."""

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, MovingWindowSupport, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from perf.api.access import access_of
from perf.api.addresses import client_network
from perf.caching.outage import Outage

if TYPE_CHECKING:
    from rest_framework.views import APIView

T = TypeVar("T")

REFUNDS = "given-back"  # in the keys of refunds
MAX_REFUNDS = 1000  # in one window; more than there are first logins from one address

outage = Outage(logging.getLogger("llmselect.throttling"), "the shared rate limits fail; each worker counts for itself")


class RateLimit(NamedTuple):
    """The state of a limit after a request; `reset` is the timestamp at which another request is allowed."""

    allowed: bool
    remaining: int
    reset: float
    limit: int

    @property
    def wait(self) -> float:
        """The seconds until the next request is allowed, at least 1."""
        return max(1.0, math.ceil(self.reset - time.time()))


class ScopedThrottle(BaseThrottle):
    """Limits views that declare a `throttle_scope`: `completion` counts per user, `registration` per address.

    A token may have a limit of completions of its own. A request counts for both, and needs room in both.
    `llmselect_project.accounts.guesses` limits passwords, where they are checked.
    """

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Count the request; returns False if it exceeds its limit."""
        scope: str = getattr(view, "throttle_scope", None) or ""
        counted = list(self._limits(request, scope))
        if not counted:
            return True
        self.limit = tightest(counted)
        attach(request, self.limit)
        return self.limit.allowed

    def _limits(self, request: Request, scope: str) -> Iterator[RateLimit]:
        """Count the request for each limit, the narrowest first, up to the one that it exceeds."""
        if scope == "completion":
            access = access_of(request)
            if access.rate_limit is not None:
                own = hit(parse(access.rate_limit), f"{scope}:token:{access.token_id}")
                yield own
                if not own.allowed:
                    return
        if (rate := settings.RATE_LIMITS.get(scope)) is not None:
            identity = f"user:{request.user.pk}" if scope == "completion" else f"address:{client_network(request)}"
            yield hit(parse(rate), f"{scope}:{identity}")

    def wait(self) -> float:
        """Return the seconds until the next request is allowed."""
        return self.limit.wait


def tightest(limits: Iterable[RateLimit]) -> RateLimit:
    """Return the limit that the next request reaches first, the one to tell the client."""
    return min(limits, key=lambda limit: (limit.allowed, limit.remaining, -limit.reset))


_ATTACHED = "llmselect.rate_limit"  # in the META of a request


def attach(request: HttpRequest | Request, limit: RateLimit) -> None:
    """Attach the state of a limit to a request, for the headers of its response."""
    request.META[_ATTACHED] = limit


def add_headers(request: HttpRequest, response: HttpResponseBase) -> None:
    """Add the attached limit to the response as `X-RateLimit-*` headers."""
    limit: RateLimit | None = request.META.get(_ATTACHED)
    if limit is not None:
        response.headers["X-RateLimit-Limit"] = str(limit.limit)
        response.headers["X-RateLimit-Remaining"] = str(limit.remaining)
        response.headers["X-RateLimit-Reset"] = str(math.ceil(limit.reset))


@cache
def limiters() -> tuple[MovingWindowRateLimiter, ...]:
    """Return the limiters in the order of trying: the shared one, then the one of this worker."""
    local = MovingWindowRateLimiter(MemoryStorage())
    if not settings.REDIS_URL:
        return (local,)
    timeouts = {"socket_timeout": 0.25, "socket_connect_timeout": 0.25}
    shared = storage_from_string(settings.REDIS_URL, key_prefix="llmselect:limits", **timeouts)
    return (MovingWindowRateLimiter(shared), local)


def hit(item: RateLimitItem, identity: str) -> RateLimit:
    """Count a request of `identity`, unless its limit is used up."""
    return _counted(lambda limiter: _hit(limiter, item, identity, refunds=0))


def hit_refundable(item: RateLimitItem, identity: str) -> RateLimit:
    """Count as `hit` does, where `refund` may take it back."""
    return _counted(lambda limiter: _hit(limiter, item, identity, refunds=_refunds(limiter, item, identity)))


def refund(item: RateLimitItem, identity: str) -> None:
    """Take back a `hit_refundable`.

    An entry of a moving window cannot be removed, so refunds are counted in a window of their own, and raise the limit.
    """
    key = item.key_for(identity, REFUNDS)
    _counted(lambda limiter: _windows(limiter).acquire_entry(key, MAX_REFUNDS, item.get_expiry()))


def _counted(count: Callable[[MovingWindowRateLimiter], T]) -> T:
    """Count in the shared store; while that fails, in this worker, so that no request is unlimited."""
    *shared, local = limiters()
    for limiter in shared if not outage.active else ():
        try:
            return count(limiter)
        except Exception as error:  # whatever the store raises
            outage.failed(error)
    return count(local)


def _hit(limiter: MovingWindowRateLimiter, item: RateLimitItem, identity: str, *, refunds: int) -> RateLimit:
    windows, key, expiry = _windows(limiter), item.key_for(identity), item.get_expiry()
    limit = item.amount + refunds
    allowed = windows.acquire_entry(key, limit, expiry)
    start, count = windows.get_moving_window(key, limit, expiry)
    return RateLimit(allowed, limit - count if allowed else 0, start + expiry, item.amount)


def _refunds(limiter: MovingWindowRateLimiter, item: RateLimitItem, identity: str) -> int:
    key = item.key_for(identity, REFUNDS)
    return _windows(limiter).get_moving_window(key, MAX_REFUNDS, item.get_expiry())[1]


def _windows(limiter: MovingWindowRateLimiter) -> MovingWindowSupport:
    return cast(MovingWindowSupport, limiter.storage)  # the limiter requires it
