"""Who sends a request, and what they may use: a user in a login session, or a token with limits of its own."""

from dataclasses import dataclass, replace
from typing import cast
from uuid import UUID

from django.contrib.auth.models import User
from rest_framework.request import Request

ANYTHING = "*"  # at the end of a pattern


@dataclass(frozen=True, slots=True)
class Access:
    """The rights of a request: whose it is, and which token it came with, None in a login session.

    `allowed_models` are names like `vendor/name`, or their beginnings, as in `vendor/*`; None allows every name.
    `rate_limit` is in the notation of the `limits` package, and counts beside the user's own; None is no other limit.
    `endpoint` is the name of the route that was asked for, "" outside of a request.
    """

    user_id: int
    token_id: UUID | None = None
    allowed_models: tuple[str, ...] | None = None
    rate_limit: str | None = None
    token_name: str = ""
    endpoint: str = ""

    def may_use(self, model: str) -> bool:
        """Tell whether a model may be used, by its full name."""
        return self.allowed_models is None or any(_matches(pattern, model) for pattern in self.allowed_models)


def access_of(request: Request) -> Access:
    """Return the rights of an authenticated request."""
    access = request.auth if isinstance(request.auth, Access) else Access(cast(User, request.user).pk)
    route = request.resolver_match
    return replace(access, endpoint=route.url_name or "") if route is not None else access


def _matches(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith(ANYTHING) else name == pattern
