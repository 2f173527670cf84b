"""Login sessions: starting, refreshing and ending them, also if one token is used several times at once."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.settings import api_settings

from conversations.history.deletion import keep_usage_of_nobody, lock_all
from conversations.history.traces import remove_soon
from llmselect_project.accounts.claims import token_id, verified
from llmselect_project.api.errors import TokenNotValid
from llmselect_project.models import LoginSession, RefreshToken
from perf.caching.querysets import InvalidatingQuerySet
from perf.plans.declared_queries import DeclaredQuery

KEEP_USED = timedelta(days=1)  # longer than the reuse window
PRUNE_BATCH = 1000  # rows


# A machine whose clock is behind would take a token for one that is not valid yet: tokens are issued as of a while ago.
CLOCKS_APART = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class TokenPair:
    """Two signed JWTs of one session."""

    access: str
    refresh: str


def start_session(*, user: User) -> TokenPair:
    """Start a session for a user whose password was just checked. Raises IntegrityError if the user was deleted."""
    now = timezone.now()
    with transaction.atomic():
        cast("InvalidatingQuerySet[User]", User.objects.filter(pk=user.pk)).update_quietly(last_login=now)
        session = LoginSession.objects.create(
            user=user,
            password_stamp=user.get_session_auth_hash(),
            expires_at=now + api_settings.REFRESH_TOKEN_LIFETIME,
        )
        return _issue(session)


def refresh_session(*, refresh: str) -> TokenPair:
    """Exchange a refresh token for a new pair. Raises TokenNotValid.

    A second use within `REFRESH_REUSE_WINDOW` gets another pair of the same session, because two tabs may wake up at
    once. A later use means that the token was stolen, and ends the session.
    """
    session_id, token_id = _read(refresh)
    with transaction.atomic():
        # Every writer of a session or its tokens locks the session first, so there is no deadlock.
        session = next(iter(_locked_session(session_id)), None)
        if session is not None and _is_current(session) and _use(session, token_id):
            return _issue(session)
        if session is not None:
            session.delete()
    raise TokenNotValid


def end_session(*, refresh: str) -> None:
    """End the session of a refresh token, if it has not ended already. Raises TokenNotValid."""
    session_id, _ = _read(refresh)
    with transaction.atomic():
        _locked(pk=session_id).delete()


def change_password(*, user: User, password: str, keep: uuid.UUID | None) -> None:
    """Set a new password and end all sessions but `keep`."""
    with transaction.atomic():
        locked = _locked(user=user)
        user.set_password(password)
        user.save(update_fields=["password"])
        for session in locked:
            if session.pk != keep:
                session.delete()
                continue
            session.password_stamp = user.get_session_auth_hash()
            session.save(update_fields=["password_stamp"])


def delete_account(*, user: User) -> None:
    """Delete a user with all their data, and their name in the admin's log.

    A request that adds data meanwhile waits for the lock on the user, and then finds that the user is gone.
    """
    with transaction.atomic():
        _locked(user=user)
        list(User.objects.select_for_update().filter(pk=user.pk).values_list("pk"))
        lock_all(user.pk)
        about = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk))
        about.update(object_repr=f"user {user.pk}")
        keep_usage_of_nobody(user.pk)
        user.delete()
        transaction.on_commit(remove_soon)


def why_over(session: LoginSession) -> str:
    """Say why a session can no longer be used, "" while it can; reads `session.user`."""
    if session.expires_at < timezone.now():
        return "expired"
    if session.password_stamp != session.user.get_session_auth_hash():
        return "ended by a new password"
    return "" if session.user.is_active else "closed while the user is deactivated"


def prune_sessions() -> int:
    """Delete sessions that expired or that a new password ended, and tokens that expired or were used.

    Returns the number of rows. A used token needs no row: a token without a row counts as used before.
    """
    now = timezone.now()
    unusable = RefreshToken.objects.filter(Q(expires_at__lt=now) | Q(used_at__lt=now - KEEP_USED))
    expired = LoginSession.objects.filter(expires_at__lt=now)
    ended = LoginSession.objects.filter(pk__in=list(_ended_by_a_password()))
    return _delete(unusable) + _delete(expired) + _delete(ended)


def _ended_by_a_password() -> Iterator[uuid.UUID]:
    """Yield the ids of sessions from before their user's present password, reading all sessions in batches."""
    rows = LoginSession.objects.select_related("user").order_by("pk")
    batch = list(rows[:PRUNE_BATCH])
    while batch:
        yield from (row.pk for row in batch if row.password_stamp != row.user.get_session_auth_hash())
        batch = list(rows.filter(pk__gt=batch[-1].pk)[:PRUNE_BATCH])


def _delete(rows: "QuerySet[RefreshToken] | QuerySet[LoginSession]") -> int:
    """Delete rows in batches, which bounds memory and the time of locks; returns the number of rows."""
    deleted = 0
    while keys := list(rows.values_list("pk", flat=True)[:PRUNE_BATCH]):
        _, by_model = rows.model._default_manager.filter(pk__in=keys).delete()
        deleted += sum(by_model.values())
    return deleted


def _locked(**which: Any) -> QuerySet[LoginSession]:
    """Lock sessions in the order of their keys, and return them."""
    keys = list(LoginSession.objects.select_for_update().filter(**which).order_by("pk").values_list("pk", flat=True))
    return LoginSession.objects.filter(pk__in=keys)


def _read(refresh: str) -> tuple[uuid.UUID, uuid.UUID]:
    """Return the ids of a refresh token's session and of the token. Raises TokenNotValid."""
    token = verified(tokens.RefreshToken, refresh)
    return uuid.UUID(token["sid"]), token_id(token)


def _is_current(session: LoginSession) -> bool:
    """Return whether the user and the password are still valid; reads the user after the session was locked."""
    user = next(iter(_user_of(session)), None)
    return user is not None and user.is_active and session.password_stamp == user.get_session_auth_hash()


def _use(session: LoginSession, token_id: uuid.UUID) -> bool:
    """Mark a token as used, in one statement; returns whether this is its first use or within the reuse window."""
    if session.refresh_tokens.filter(pk=token_id, used_at=None).update(used_at=timezone.now()):
        return True
    return _just_used(token_id).exists()


def _locked_session(session_id: uuid.UUID) -> QuerySet[LoginSession]:
    return LoginSession.objects.select_for_update().filter(pk=session_id)


def _user_of(session: LoginSession) -> QuerySet[User]:
    return User.objects.filter(pk=session.user_id)


def _just_used(token_id: uuid.UUID) -> QuerySet[RefreshToken]:
    return RefreshToken.objects.filter(pk=token_id, used_at__gte=timezone.now() - settings.REFRESH_REUSE_WINDOW)


def declared_queries() -> Iterator[DeclaredQuery]:
    """Declare the look-ups of a refresh, for the latest token."""
    token = RefreshToken.objects.order_by("-pk").first() or RefreshToken(session_id=uuid.UUID(int=0))
    session = LoginSession(pk=token.session_id, user_id=0)
    yield DeclaredQuery("refresh, the session", lambda: _locked_session(token.session_id))
    yield DeclaredQuery("refresh, the user", lambda: _user_of(session))
    yield DeclaredQuery("refresh, whether the token was just used", lambda: _just_used(token.pk).exists())


def _issue(session: LoginSession) -> TokenPair:
    refresh = tokens.RefreshToken()
    refresh["user_id"] = str(session.user_id)
    refresh["sid"] = str(session.pk)
    expires_at = datetime.fromtimestamp(refresh["exp"], tz=timezone.get_current_timezone())
    row = RefreshToken.objects.create(session=session, expires_at=expires_at)
    refresh["jti"] = str(row.pk)
    LoginSession.objects.filter(pk=session.pk).update_quietly(expires_at=expires_at)
    access = refresh.access_token
    for token in (refresh, access):
        token.set_iat(at_time=refresh.current_time - CLOCKS_APART)
    return TokenPair(access=str(access), refresh=str(refresh))
