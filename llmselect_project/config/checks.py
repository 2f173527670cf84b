"""System checks: misconfiguration is named before it does harm."""

from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from models_registry.providers.asking.addresses import normalised


@register
def check_encryption_keys(**_: Any) -> list[CheckMessage]:
    """Every ENCRYPTION_KEY must be a Fernet key."""
    for position, key in enumerate(settings.ENCRYPTION_KEYS, start=1):
        try:
            Fernet(key)
        except ValueError:
            hint = "Make one with: python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key())'"
            return [Error(f"Key {position} of ENCRYPTION_KEY is not a Fernet key.", hint=hint, id="llmselect.E001")]
    return []


@register
def check_base_urls(**_: Any) -> list[CheckMessage]:
    """Every *_BASE_URL must be an address."""
    errors: list[CheckMessage] = []
    for slug, url in settings.PROVIDER_BASE_URLS.items():
        try:
            normalised(url, slug) if url else None
        except ValueError as error:
            hint = (
                "It looks like https://host/v1 (Anthropic's like https://host), or leave it out for the vendor's own."
            )
            errors.append(Error(f"{slug.upper()}_BASE_URL cannot be used. {error}", hint=hint, id="llmselect.E002"))
    return errors


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
