"""Login sessions, their refresh tokens, the networks that accounts logged in from, and API tokens."""

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


class ApiTokenQuerySet(InvalidatingQuerySet["ApiToken"]):
    """API tokens, whose changes invalidate the cached user state."""

    def current(self) -> "ApiTokenQuerySet":
        """Return those that are not revoked; they may have expired."""
        return self.filter(revoked_at=None)


class ApiToken(models.Model):
    """A credential that a user gave to a program, with limits of its own; the token itself is not stored.

    A limit that is null limits nothing. A revoked token keeps its row for a while, so that its use can be explained.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the token.")
    prefix = models.CharField(max_length=20, help_text="How the token begins.")
    allowed_models = models.JSONField(null=True, blank=True)
    allowed_endpoints = models.JSONField(null=True, blank=True)
    read_only = models.BooleanField(default=False)
    rate_limit = models.CharField(max_length=20, null=True, blank=True)  # noqa: DJ001 - null as the other limits
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="To the minute.")
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = "API token"
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "name"], condition=models.Q(revoked_at=None), name="uniq_apitoken_user_name"
            )
        ]

    def __str__(self) -> str:
        return self.prefix

    @property
    def state(self) -> str:
        """Whether it can be used: `active`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= timezone.now() else "active"
