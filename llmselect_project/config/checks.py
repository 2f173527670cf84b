"""System checks: misconfiguration is named before it does harm."""

from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

# It prints text: `print` of the bytes that `generate_key` returns would show b'…', which is no key.
MAKE_KEY = "python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"


@register
def check_encryption_keys(**_: Any) -> list[CheckMessage]:
    """Every ENCRYPTION_KEY must be a Fernet key."""
    for position, key in enumerate(settings.ENCRYPTION_KEYS, start=1):
        try:
            Fernet(key)
        except ValueError:
            hint = f"Make one with: {MAKE_KEY}"
            return [Error(f"Key {position} of ENCRYPTION_KEY is not a Fernet key.", hint=hint, id="llmselect.E001")]
    return []


@register
def check_cache_is_shared(**_: Any) -> list[CheckMessage]:
    """Several workers need a cache that all of them see."""
    return cache_errors(settings.SERVE_WORKERS)


def cache_errors(workers: int) -> list[CheckMessage]:
    """Return what is wrong with running this many workers on the configured cache."""
    if workers > 1 and not settings.REDIS_URL:
        message = f"{workers} workers need a cache that all of them see: each would serve its own stale copies."
        return [Error(message, hint="Set REDIS_URL, or serve with one worker.", id="perf.E001")]
    return []
