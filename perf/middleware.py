"""The outermost middleware, which gives every request an id and times it."""

import re
import uuid
from collections.abc import Callable
from typing import cast

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse

from perf.timing import recorder
from perf.timing.request_timing import RequestTiming, is_stream, server_timing

_ACCEPTED_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class TimingMiddleware:
    """Records every request, and adds the headers `X-Response-Time` (seconds) and `X-Request-ID`.

    Staff, and everybody if DEBUG is on, also get `Server-Timing`, the time in the database and in caches.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Time the response; a stream is timed to its first byte and to its end."""
        client_id = request.META.get("HTTP_X_REQUEST_ID", "")
        timing = RequestTiming(request, client_id if _ACCEPTED_ID.fullmatch(client_id) else uuid.uuid4().hex)
        recorder.request_started(timing.stats)
        status, streamed = 500, False
        with timing.active():
            try:
                response = self.get_response(request)
                status, streamed = response.status_code, is_stream(response)
                self._add_headers(timing, response)
                if streamed:
                    timing.time_stream(cast(StreamingHttpResponse, response))
                return response
            finally:
                if not streamed:
                    timing.finish(status)

    def _add_headers(self, timing: RequestTiming, response: HttpResponseBase) -> None:
        response.headers["X-Request-ID"] = timing.id
        response.headers["X-Response-Time"] = f"{timing.elapsed:.3f}s"
        if settings.DEBUG or getattr(timing.loaded_user(), "is_staff", False):
            response.headers["Server-Timing"] = server_timing(timing.stats, timing.elapsed)
