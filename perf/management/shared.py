"""Checks that several commands make first."""

from django.conf import settings
from django.core.management.base import CommandError


def require_shared_cache() -> None:
    """Raise CommandError if the server caches in its own memory, which a command cannot reach."""
    if not settings.REDIS_URL:
        raise CommandError(
            "The server caches in its own memory, which no other process can reach; "
            "see /api/v1/admin/cache/stats or the cache page of the admin, or set REDIS_URL."
        )
