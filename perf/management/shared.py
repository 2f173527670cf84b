"""What commands need of a cache that they share with the server."""

from django.conf import settings
from django.core.management.base import CommandError


def require_shared() -> None:
    """Raise CommandError where a command cannot reach what the server caches."""
    if not settings.REDIS_URL:
        raise CommandError(
            "The server caches in its own memory, which no other process can reach; "
            "see /api/v1/admin/cache/stats or the cache page of the admin, or set REDIS_URL."
        )
