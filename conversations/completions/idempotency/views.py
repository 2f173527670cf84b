"""Base classes of views whose POST accepts an `Idempotency-Key`, and of those that refuse one."""

import re
from functools import cached_property
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from conversations.completions.idempotency.records import Attempt
from models_registry.api.requests import current_user

HEADER = "Idempotency-Key"
REPLAYED = {"Idempotency-Replayed": "true"}
IDEMPOTENCY_KEY = OpenApiParameter(
    HEADER,
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    description="Any text of your choice, one for each request. Sent again with the same body within 24 hours, the "
    "request gets the stored answer, with `Idempotency-Replayed: true`. While it is being answered: 409 `in_progress`; "
    "with another body: 422 `idempotency_key_reused`; once the answer was deleted: 404. After an error it is tried "
    "anew, its message stored once.",
)

_VALID = re.compile(r"[!-~]{1,255}")


class RepeatableView(APIView):
    """A view whose POST accepts an `Idempotency-Key`."""

    throttle_scope = "completion"
    operation = ""  # a key is unique for each user and operation

    @cached_property
    def attempt(self) -> Attempt | None:
        """The attempt that this request is, None without a key. Raises ValidationError, and what `Attempt` raises."""
        request = self.request
        if request.method != "POST" or (key := _key(request)) is None:
            return None
        return Attempt(user_id=current_user(request).pk, operation=self.operation, key=key, body=self.identified)

    @property
    def identified(self) -> Any:
        """What must be the same for a request to be a repetition, besides its key."""
        return self.request.data

    def get_throttles(self) -> list[BaseThrottle]:
        """Leave replays unthrottled, since they call no provider."""
        return [] if self.attempt is not None and self.attempt.answered else super().get_throttles()


class UnrepeatableView(APIView):
    """A view whose POST refuses an `Idempotency-Key`: a stream cannot be replayed."""

    throttle_scope = "completion"
    refusal = "Streams cannot be repeated; leave the header out."

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raise ValidationError when the header is there."""
        super().initial(request, *args, **kwargs)
        if HEADER in request.headers:
            raise ValidationError({HEADER: self.refusal})


def replayed(body: dict[str, Any]) -> Response:
    """Return a stored answer, marked as a replay."""
    return Response(body, headers=REPLAYED)


def _key(request: Request) -> str | None:
    key: str | None = request.headers.get(HEADER)
    if key is not None and not _VALID.fullmatch(key):
        raise ValidationError({HEADER: "Must be 1 to 255 visible ASCII characters."})
    return key
