"""What authentication needs to know of a token and its user, cached so that it takes no query."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import QuerySet

from llmselect_project.accounts.user_state import FIELDS, namespace
from llmselect_project.models import ApiToken
from llmselect_project.tokens.endpoints import Rights
from perf.api.access import Access
from perf.caching.generations import CacheKey, LookupResult
from perf.caching.invalidation import invalidates
from perf.plans.declared_queries import DeclaredQuery

SEEN = 10_000  # tokens whose users a worker remembers

invalidates("llmselect_project.ApiToken", namespace, owner="user_id")

# The users of tokens that this worker has seen, by their digests. It tells under which owner the state is cached; the
# state says whether that is still right.
_owners: dict[str, int] = {}

Prefetch = Callable[[CacheKey, int], Mapping[CacheKey, LookupResult]]


class TokenState(NamedTuple):
    """A token as it is cached; `expires_at` is a Unix time in seconds, None if it never expires."""

    user: User
    token_id: UUID
    access: Access
    rights: Rights
    expires_at: float | None
    revoked: bool

    def refusal(self, now: float) -> str | None:
        """Return why the token cannot be used at this Unix time; None if it can."""
        if self.revoked:
            return "revoked"
        if not self.user.is_active:
            return "user deactivated"
        return "expired" if self.expires_at is not None and self.expires_at <= now else None


def load_state(digest: str, prefetch: Prefetch) -> TokenState | None:
    """Return the state of the token with this digest; None if there is none.

    `prefetch` looks a cache key up for a user, together with whatever else the request needs. A worker that sees a
    token for the first time queries whose it is.
    """
    if (user_id := _owners.get(digest)) is not None:
        if state := _load(digest, user_id, prefetch):
            return state
        _owners.pop(digest, None)  # deleted, or given to another user
    user_id = next(iter(owner_of(digest)), None)
    if user_id is None:
        return None
    if len(_owners) >= SEEN:
        _owners.clear()
    _owners[digest] = user_id
    return _load(digest, user_id, prefetch)


def owner_of(digest: str) -> QuerySet[ApiToken, int]:
    """Return the id of the user of a token."""
    return ApiToken.objects.filter(digest=digest).values_list("user_id", flat=True)


def _load(digest: str, user_id: int, prefetch: Prefetch) -> TokenState | None:
    key = namespace.key(user_id, f"token {digest}")
    values, _ = namespace.fetch(key, lambda: _values(digest, user_id), prefetch(key, user_id))
    if not values:
        return None
    of_user, (token_id, name, models, rate_limit, endpoints, read_only, expires_at, revoked) = values
    allowed = None if models is None else tuple(models)
    return TokenState(
        User.from_db(None, FIELDS, of_user),
        UUID(token_id),
        Access(user_id, UUID(token_id), allowed, rate_limit, name),
        Rights(endpoints, read_only),
        expires_at,
        revoked,
    )


def _values(digest: str, user_id: int) -> list[Any]:
    token = next(iter(_with_user(digest, user_id)), None)
    if token is None:
        return []
    limits = [token.allowed_models, token.rate_limit, token.allowed_endpoints, token.read_only]
    expires_at = None if token.expires_at is None else token.expires_at.timestamp()
    of_user = [getattr(token.user, field) for field in FIELDS]
    return [of_user, [str(token.pk), token.name, *limits, expires_at, token.revoked_at is not None]]


def _with_user(digest: str, user_id: int) -> QuerySet[ApiToken]:
    return ApiToken.objects.select_related("user").filter(digest=digest, user_id=user_id)


def declared_queries() -> Iterator[DeclaredQuery]:
    """Declare the queries of authentication by a token, for the latest one."""
    token = ApiToken.objects.order_by("-pk").first() or ApiToken(digest="", user_id=0)
    yield DeclaredQuery("authentication, whose token", lambda: owner_of(token.digest))
    yield DeclaredQuery("authentication, token and user", lambda: _with_user(token.digest, token.user_id))
