"""System checks of the encryption keys and the cache."""

from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

# It prints text: `print` of the bytes that `generate_key` returns would show b'…', which is no key.
MAKE_KEY = "python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"


@register
def check_encryption_keys(**_: Any) -> list[CheckMessage]:
    """Refuse an ENCRYPTION_KEY that is not a Fernet key."""
    for position, key in enumerate(settings.ENCRYPTION_KEYS, start=1):
        try:
            Fernet(key)
        except ValueError:
            hint = f"Make one with: {MAKE_KEY}"
            return [Error(f"Key {position} of ENCRYPTION_KEY is not a Fernet key.", hint=hint, id="llmselect.E001")]
    return []


@register
def check_cache_is_shared(**_: Any) -> list[CheckMessage]:
    """Refuse several workers without a shared cache."""
    return cache_errors(settings.SERVE_WORKERS)


def cache_errors(workers: int) -> list[CheckMessage]:
    """Return an error if this many workers need a shared cache and none is configured."""
    if workers > 1 and not settings.REDIS_URL:
        message = f"{workers} workers need a cache that all of them see: each would serve its own stale copies."
        return [Error(message, hint="Set REDIS_URL, or serve with one worker.", id="perf.E001")]
    return []
