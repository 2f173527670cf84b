"""Rate limits, counted in Redis for all workers, or in memory when there is none or it fails."""

import logging
import time
from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import User
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from llmselect_project.addresses import client_address

if TYPE_CHECKING:
    from rest_framework.views import APIView

logger = logging.getLogger("llmselect.throttling")


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
        over = [identity for identity in _identities(scope, request) if not _hit(item, identity)]
        self.reset_at = max((_reset_at(item, identity) for identity in over), default=0.0)
        return not over

    def wait(self) -> float:
        """Return the seconds until the next request is allowed."""
        return max(1.0, self.reset_at - time.time())


def _identities(scope: str, request: Request) -> list[str]:
    if scope == "completion":
        return [f"completion:user:{request.user.pk}"]
    identities = [f"{scope}:address:{client_address(request)}"]
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


def _hit(item: RateLimitItem, identity: str) -> bool:
    for limiter in limiters():
        try:
            return limiter.hit(item, identity)
        except Exception:  # whatever the shared store raises, this worker goes on counting for itself
            logger.exception("rate limit store failed")
    return True


def _reset_at(item: RateLimitItem, identity: str) -> float:
    for limiter in limiters():
        try:
            return limiter.get_window_stats(item, identity).reset_time
        except Exception:
            logger.exception("rate limit store failed")
    return time.time() + item.get_expiry()
