"""Rows for scratch databases: logged-in users."""

from datetime import timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from llmselect_project.models import ApiToken, KnownPlace, LoginSession, RefreshToken

USERS = 1000


def fill() -> None:
    """Add users, each with a session and a refresh token; nobody can log in as one of them."""
    expires_at = timezone.now() + timedelta(days=1)
    users = User.objects.bulk_create(User(username=f"scratch-{number}") for number in range(USERS))
    sessions = LoginSession.objects.bulk_create(
        LoginSession(user=user, password_stamp=user.get_session_auth_hash(), expires_at=expires_at) for user in users
    )
    KnownPlace.objects.bulk_create(KnownPlace(user=user, network=f"{user.pk}") for user in users)
    ApiToken.objects.bulk_create(ApiToken(user=user, name="scratch", digest=f"{user.pk}") for user in users)
    RefreshToken.objects.bulk_create(RefreshToken(session=session, expires_at=expires_at) for session in sessions)
