"""Authentication by access token: `Authorization: Bearer <JWT>`, and the credential of a request."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

from django.contrib.auth.models import User
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken

from llmselect_project.accounts.claims import verified
from llmselect_project.accounts.user_state import load_user, namespace
from llmselect_project.api.errors import TokenNotValid
from perf.caching.generations import CacheKey, LookupResult
from perf.caching.namespace import get_many
from perf.caching.responses import CachedView

WWW_AUTHENTICATE = 'Bearer realm="api"'


class SessionTokenAuthentication(BaseAuthentication):
    """Checks the token's signature and expiry, and that its session and user are active. Raises TokenNotValid."""

    def authenticate(self, request: Request) -> tuple[User, AccessToken] | None:
        """Return the user and the token; None without a Bearer token. Raises TokenNotValid."""
        raw = presented(request)
        if raw is None:
            return None
        token = _verified(raw)
        try:
            token.check_exp(current_time=datetime.now(UTC))
        except TokenError as error:
            raise TokenNotValid from error
        user_id, session_id = token["user_id"], token["sid"]
        prefetched = prefetch(request, namespace.key(user_id, session_id), user_id)
        user = load_user(user_id=user_id, session_id=session_id, prefetched=prefetched)
        if user is None:
            raise TokenNotValid
        accept(request, until=token["exp"])
        return user, token

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        """Return the WWW-Authenticate header, without which REST framework answers 403 instead of 401."""
        return WWW_AUTHENTICATE


def presented(request: Request) -> str | None:
    """Return the token that a request brings as Bearer, or as `x-api-key` to a view that `takes_api_key`; None without.

    That header counts only where there is no `Authorization`.
    """
    given = request.headers.get("Authorization")
    if given is None and getattr(request.parser_context.get("view"), "takes_api_key", False):
        key = request.headers.get("x-api-key", "").strip()
        return key or None
    scheme, _, token = (given or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def session_id(request: Request) -> uuid.UUID | None:
    """Return the id of the request's login session; None for a Django session of a browser."""
    return uuid.UUID(request.auth["sid"]) if isinstance(request.auth, AccessToken) else None


@lru_cache(maxsize=4096)
def _verified(raw: str) -> AccessToken:
    """Check signature and claims once for each token; this took a quarter of a cached request. Raises TokenNotValid.

    Callers must not change the returned token, which requests share.
    """
    return verified(AccessToken, raw)


def prefetch(request: Request, state: CacheKey, owner: object) -> Mapping[CacheKey, LookupResult]:
    """Look up the state that credentials depend on and, in the same round trip, the cached response of the view."""
    view = request.parser_context.get("view")
    return view.prefetch(state, request, owner=owner) if isinstance(view, CachedView) else get_many([state])


def accept(request: Request, *, until: float) -> None:
    """Let the response to a request be reused while its credentials are valid, until a Unix time in seconds."""
    view = request.parser_context.get("view")
    if isinstance(view, CachedView):
        view.valid_until = until
