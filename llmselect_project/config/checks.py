"""System checks of the encryption keys, the cache and the redirect to HTTPS."""

from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning

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


@register
def check_somebody_serves_https(**_: Any) -> list[CheckMessage]:
    """Warn of a redirect to HTTPS that never ends: the server does not speak TLS, and trusts no proxy that does."""
    if not settings.SECURE_SSL_REDIRECT or settings.TRUSTED_PROXIES:
        return []
    message = (
        "SECURE_SSL_REDIRECT is true and TRUSTED_PROXIES is 0, so everything is redirected to https, and this server "
        "speaks only http. Only /health and /metrics answer."
    )
    hint = "Without a TLS proxy in front set SECURE_SSL_REDIRECT=false; with one set TRUSTED_PROXIES=1."
    return [CheckWarning(message, hint=hint, id="llmselect.W001")]
