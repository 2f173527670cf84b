"""Making, changing and revoking tokens."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from rest_framework.exceptions import NotFound, ValidationError

from llmselect_project.models import ApiToken, ApiTokenQuerySet
from llmselect_project.tokens.secret import SHOWN, digest_of, make_token
from perf.plans.declared_queries import DeclaredQuery
from perf.serving import audit

MAX_TOKENS = 50  # of a user, expired ones included
KEPT = timedelta(days=365)  # rows of tokens that cannot be used any more
LIMITS = ("allowed_models", "allowed_endpoints", "read_only", "rate_limit")


def tokens_of(user_id: int) -> ApiTokenQuerySet:
    """Return a user's tokens that are not revoked."""
    return ApiToken.objects.current().filter(user_id=user_id)


def archived(user_id: int) -> list[dict[str, Any]]:
    """Return what an archive of everything that is a user's says of the tokens, newest first."""
    rows = tokens_of(user_id).order_by("-created_at", "-id")
    return list(rows.values("name", *LIMITS, "created_at", "expires_at", "last_used_at"))


def name_of(user_id: int, token_id: UUID) -> str | None:
    """Return the name of a user's token; None when the user has no such token."""
    return tokens_of(user_id).filter(pk=token_id).values_list("name", flat=True).first()


def create_token(*, user_id: int, name: str, expires_at: datetime | None = None, **limits: Any) -> tuple[ApiToken, str]:
    """Make a token with these `LIMITS`; returns its row and the token itself, which nobody can read again.

    Raises ValidationError for a name that is taken, or if there are too many.
    """
    token = make_token()
    with transaction.atomic():
        _lock(user_id)
        if tokens_of(user_id).count() >= MAX_TOKENS:
            raise ValidationError(f"You have {MAX_TOKENS} tokens; revoke one first.")
        _check_name(user_id, name)
        row = ApiToken.objects.create(
            user_id=user_id,
            name=name,
            digest=digest_of(token),
            prefix=token[:SHOWN],
            expires_at=expires_at,
            **limits,
        )
    audit.record("token created", **_described(row), by=user_id)
    return row, token


def change_token(*, user_id: int, token_id: UUID, **changes: Any) -> ApiToken:
    """Change the name or `LIMITS` of a user's token. Raises NotFound, and ValidationError for a name that is taken."""
    with transaction.atomic():
        _lock(user_id)
        row = tokens_of(user_id).filter(pk=token_id).first()
        if row is None:
            raise NotFound
        if changes.get("name", row.name) != row.name:
            _check_name(user_id, changes["name"])
        for field, value in changes.items():
            setattr(row, field, value)
        if changes:
            row.save(update_fields=list(changes))
    if changes:
        audit.record("token changed", **_described(row), by=user_id)
    return row


def revoke(tokens: ApiTokenQuerySet, *, by: int) -> list[ApiToken]:
    """Revoke those of the tokens that are not revoked yet, at once for all workers; returns them.

    `by` is the id of the user who does it.
    """
    with transaction.atomic():
        revoked = list(tokens.current().select_for_update(of=("self",)).order_by("pk"))
        if revoked:
            ApiToken.objects.filter(pk__in=[row.pk for row in revoked]).update(revoked_at=timezone.now())
    for row in revoked:
        audit.record("token revoked", **_described(row), by=by)
    return revoked


def prune_tokens() -> int:
    """Delete tokens that have been of no use for `KEPT`; returns how many."""
    since = timezone.now() - KEPT
    _, by_model = ApiToken.objects.filter(Q(revoked_at__lt=since) | Q(expires_at__lt=since)).delete()
    return sum(by_model.values())


def _lock(user_id: int) -> None:
    """Lock the user, so that tokens are counted and named one at a time. Raises User.DoesNotExist.

    The lock leaves other rows free to refer to the user meanwhile.
    """
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user_id)


def _check_name(user_id: int, name: str) -> None:
    if tokens_of(user_id).filter(name=name).exists():
        raise ValidationError({"name": "You have a token of this name."})


def _described(row: ApiToken) -> dict[str, object]:
    """Describe a token for the audit log, without its name, which is the user's own text."""
    limits = {field: getattr(row, field) for field in LIMITS}
    return {"token_id": row.pk, "prefix": row.prefix, "user_id": row.user_id, "expires_at": row.expires_at, **limits}


def declared_queries() -> Iterator[DeclaredQuery]:
    """Declare the queries for tokens of one user, the one with the latest token."""
    token = ApiToken.objects.order_by("-pk").first() or ApiToken(user_id=0)
    own = tokens_of(token.user_id)
    yield DeclaredQuery("tokens, how many", own.count)
    yield DeclaredQuery("tokens, whether a name is taken", own.filter(name=token.name).exists)
    yield DeclaredQuery("tokens, one", lambda: own.filter(pk=token.pk))
    yield DeclaredQuery("tokens, first page", lambda: own.order_by("-created_at", "-id")[:21], may_sort="of 50 at most")
