"""The outermost middleware: gives every request an id and every response its time."""

import logging
import re
import time
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import LazyObject, empty

from perf.logs import request_id

logger = logging.getLogger("perf.slow_request")

_ACCEPTED_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class TimingMiddleware:
    """Adds `X-Response-Time` (seconds) and `X-Request-ID`, and logs what took longer than `SLOW_REQUEST_MS`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.threshold = settings.SLOW_REQUEST_MS / 1000

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Time everything below, the first byte for a stream."""
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        current = given if _ACCEPTED_ID.fullmatch(given) else uuid.uuid4().hex
        token = request_id.set(current)
        start = time.perf_counter()
        try:
            response = self.get_response(request)
            duration = time.perf_counter() - start
            response.headers["X-Request-ID"] = current
            response.headers["X-Response-Time"] = f"{duration:.3f}s"
            if duration >= self.threshold:
                logger.warning("slow request", extra=_described(request, response, duration))
            return response
        finally:
            request_id.reset(token)


def _described(request: HttpRequest, response: HttpResponseBase, duration: float) -> dict[str, Any]:
    """Say which request it was without saying what was in it: the route, not the path."""
    match = request.resolver_match
    return {
        "method": request.method,
        "route": match.route if match else None,
        "status": response.status_code,
        "duration": round(duration, 4),
        "user_id": _known_user_id(request),
    }


def _known_user_id(request: HttpRequest) -> int | None:
    """Give the user's id if the request loaded the user; looking must not cost a query."""
    user = getattr(request, "user", None)
    if isinstance(user, LazyObject) and user.__dict__.get("_wrapped", empty) is empty:
        return None
    return getattr(user, "pk", None)
