"""Login sessions: starting, refreshing and ending them, safely when one token is used many times at once."""

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

from conversations.history.deletion import lock_all
from conversations.history.traces import remove_soon
from llmselect_project.accounts.claims import token_id, verified
from llmselect_project.api.errors import TokenNotValid
from llmselect_project.models import LoginSession, RefreshToken
from perf.caching.querysets import InvalidatingQuerySet
from perf.plans.declared_queries import DeclaredQuery

KEEP_USED = timedelta(days=1)  # more than any reuse window, so that a row in use is never missed
PRUNED_AT_ONCE = 1000  # rows


@dataclass(frozen=True, slots=True)
class TokenPair:
    """Two signed JWTs of one session."""

    access: str
    refresh: str


def start_session(*, user: User) -> TokenPair:
    """Begin a session for a user whose password was just checked; raises IntegrityError when the user is gone."""
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
    """Trade a refresh token for a new pair.

    The same token again within `REFRESH_REUSE_WINDOW` gets another pair of the same session (two tabs that wake
    at once); later use means that somebody copied it, and ends the session. Raises TokenNotValid.
    """
    session_id, token_id = _read(refresh)
    with transaction.atomic():
        # Whoever writes to a session or its tokens locks the session first, so nobody waits in a circle.
        session = next(iter(_locked_session(session_id)), None)
        if session is not None and _is_current(session) and _use(session, token_id):
            return _issue(session)
        if session is not None:
            session.delete()
    raise TokenNotValid


def end_session(*, refresh: str) -> None:
    """End the session of a refresh token; ending it twice is fine. Raises TokenNotValid for no token of ours."""
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
    """Delete a user and everything that is theirs, and their name where the admin's log has it.

    Whoever adds something meanwhile waits for the lock of the user, and finds that there is none any more.
    """
    with transaction.atomic():
        _locked(user=user)
        list(User.objects.select_for_update().filter(pk=user.pk).values_list("pk"))
        lock_all(user.pk)
        about = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(User), object_id=str(user.pk))
        about.update(object_repr=f"user {user.pk}")
        user.delete()
        transaction.on_commit(remove_soon)


def prune_sessions() -> int:
    """Delete expired sessions, and tokens that are expired or used up; returns how many rows went.

    A token of a living session that is not there any more was used before, so it needs no row to be recognised by.
    """
    now = timezone.now()
    over = RefreshToken.objects.filter(Q(expires_at__lt=now) | Q(used_at__lt=now - KEEP_USED))
    expired = LoginSession.objects.filter(expires_at__lt=now)
    return _delete(over) + _delete(expired)


def _delete(rows: "QuerySet[RefreshToken] | QuerySet[LoginSession]") -> int:
    """Delete rows some at a time: neither is memory filled with them, nor are they locked for long."""
    deleted = 0
    while keys := list(rows.values_list("pk", flat=True)[:PRUNED_AT_ONCE]):
        _, by_model = rows.model._default_manager.filter(pk__in=keys).delete()
        deleted += sum(by_model.values())
    return deleted


def _locked(**which: Any) -> QuerySet[LoginSession]:
    """Lock the sessions meant, always in one order, and return them."""
    keys = list(LoginSession.objects.select_for_update().filter(**which).order_by("pk").values_list("pk", flat=True))
    return LoginSession.objects.filter(pk__in=keys)


def _read(refresh: str) -> tuple[uuid.UUID, uuid.UUID]:
    """Check a refresh token; returns the ids of its session and of itself. Raises TokenNotValid."""
    token = verified(tokens.RefreshToken, refresh)
    return uuid.UUID(token["sid"]), token_id(token)


def _is_current(session: LoginSession) -> bool:
    """Read the user only now that the session is locked: read with it, the user might be older than the session."""
    user = next(iter(_user_of(session)), None)
    return user is not None and user.is_active and session.password_stamp == user.get_session_auth_hash()


def _use(session: LoginSession, token_id: uuid.UUID) -> bool:
    """Mark a token of the session as used in one statement; true for its first use and within the reuse window."""
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
    return TokenPair(access=str(refresh.access_token), refresh=str(refresh))
