"""The outermost middleware: gives every request an id and every response its time."""

import re
import uuid
from collections.abc import Callable
from typing import cast

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse

from perf.timing import recorder
from perf.timing.request_timing import RequestTiming, is_stream

_ACCEPTED_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class TimingMiddleware:
    """Adds `X-Response-Time` (seconds) and `X-Request-ID`, and takes down what every request took.

    Developers and staff are told in `Server-Timing` where the time went.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Time everything below, a stream to its first byte and to its end."""
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        timing = RequestTiming(request, given if _ACCEPTED_ID.fullmatch(given) else uuid.uuid4().hex)
        recorder.request_began(timing.tally)
        status, streams = 500, False
        with timing.working():
            try:
                response = self.get_response(request)
                status, streams = response.status_code, is_stream(response)
                self._describe(timing, response)
                if streams:
                    timing.streams(cast(StreamingHttpResponse, response))
                return response
            finally:
                if not streams:
                    timing.ended(status)

    def _describe(self, timing: RequestTiming, response: HttpResponseBase) -> None:
        response.headers["X-Request-ID"] = timing.id
        response.headers["X-Response-Time"] = f"{timing.elapsed:.3f}s"
        if settings.DEBUG or getattr(timing.known_user(), "is_staff", False):
            response.headers["Server-Timing"] = timing.server_timing()
