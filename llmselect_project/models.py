"""Login sessions, their refresh tokens, and the networks that accounts logged in from."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from perf.caching.querysets import InvalidatingQuerySet


class LoginSessionQuerySet(InvalidatingQuerySet["LoginSession"]):
    """Sessions, whose changes invalidate the cached user state."""


class LoginSession(models.Model):
    """A login of a user on one device; its deletion ends its access tokens too.

    `password_stamp` is the user's session auth hash at login: any change of the password ends the session.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="login_sessions")
    password_stamp = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)

    objects = LoginSessionQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"

    def __str__(self) -> str:
        return str(self.id)


class RefreshToken(models.Model):
    """An issued refresh token; its id is the token's `jti` claim."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    session = models.ForeignKey(LoginSession, on_delete=models.CASCADE, related_name="refresh_tokens")
    used_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"Token until {self.expires_at:%Y-%m-%d %H:%M} UTC"


class KnownPlace(models.Model):
    """The keyed hash of a network that an account logged in from; password guesses from it are counted separately."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="known_places", db_index=False
    )
    network = models.CharField(max_length=64, help_text="HMAC-SHA-256 of the address.")
    seen_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name, verbose_name_plural = "address of logins", "addresses of logins"
        constraints = [models.UniqueConstraint(fields=["user", "network"], name="uniq_known_place_user_network")]

    def __str__(self) -> str:
        return self.network[:8]
