"""Login sessions: starting, refreshing and ending them, safely when one token is used many times at once."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings

from llmselect_project.errors import TokenNotValid
from llmselect_project.models import LoginSession, RefreshToken


@dataclass(frozen=True, slots=True)
class TokenPair:
    """Two signed JWTs of one session."""

    access: str
    refresh: str


def start_session(*, user: User) -> TokenPair:
    """Begin a session for a user whose password was just checked; raises IntegrityError when the user is gone."""
    now = timezone.now()
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(last_login=now)
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
        session = (
            LoginSession.objects.select_for_update(of=("self",))
            .select_related("user")
            .filter(pk=session_id, refresh_tokens=token_id)
            .first()
        )
        if session is not None and _is_current(session) and _use(token_id):
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
    """Delete a user and everything that is theirs."""
    with transaction.atomic():
        _locked(user=user)
        user.delete()


def prune_sessions() -> int:
    """Delete expired sessions and tokens; returns how many rows went."""
    now = timezone.now()
    _, tokens_by_model = RefreshToken.objects.filter(expires_at__lt=now).delete()
    _, sessions_by_model = LoginSession.objects.filter(expires_at__lt=now).delete()
    return sum(tokens_by_model.values()) + sum(sessions_by_model.values())


def _locked(**which: Any) -> QuerySet[LoginSession]:
    """Lock the sessions meant, always in one order, and return them."""
    keys = list(LoginSession.objects.select_for_update().filter(**which).order_by("pk").values_list("pk", flat=True))
    return LoginSession.objects.filter(pk__in=keys)


def _read(refresh: str) -> tuple[uuid.UUID, uuid.UUID]:
    """Check signature, kind and expiry of a refresh token; returns the ids of its session and of itself."""
    try:
        token = tokens.RefreshToken(refresh)  # type: ignore[arg-type]  # its stubs want a Token, it wants the text
        return uuid.UUID(token["sid"]), uuid.UUID(token["jti"])
    except (TokenError, KeyError, ValueError) as error:
        raise TokenNotValid from error


def _is_current(session: LoginSession) -> bool:
    return session.user.is_active and session.password_stamp == session.user.get_session_auth_hash()


def _use(token_id: uuid.UUID) -> bool:
    """Mark a token as used in one statement; true for its first use and within the reuse window."""
    now = timezone.now()
    if RefreshToken.objects.filter(pk=token_id, used_at=None).update(used_at=now):
        return True
    return RefreshToken.objects.filter(pk=token_id, used_at__gte=now - settings.REFRESH_REUSE_WINDOW).exists()


def _issue(session: LoginSession) -> TokenPair:
    refresh = tokens.RefreshToken()
    refresh["user_id"] = str(session.user_id)
    refresh["sid"] = str(session.pk)
    expires_at = datetime.fromtimestamp(refresh["exp"], tz=timezone.get_current_timezone())
    row = RefreshToken.objects.create(session=session, expires_at=expires_at)
    refresh["jti"] = str(row.pk)
    LoginSession.objects.filter(pk=session.pk).update(expires_at=expires_at)
    return TokenPair(access=str(refresh.access_token), refresh=str(refresh))
