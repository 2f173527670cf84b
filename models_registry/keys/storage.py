"""Stores users' API keys, and chooses the key of a call."""

from django.conf import settings
from django.contrib.auth.models import User

from models_registry.catalogue.lookup import has_key
from models_registry.errors import APIKeyMissing
from models_registry.keys.encryption import decrypt, encrypt, mask
from models_registry.models import APIKey, Provider
from models_registry.query_plans import own_key


def store_key(*, user: User, provider: Provider, key: str, override_system_key: bool) -> APIKey:
    """Store or replace a user's key, encrypted."""
    values = {"key_encrypted": encrypt(key), "masked": mask(key), "override_system_key": override_system_key}
    stored, _ = APIKey.objects.update_or_create(user=user, provider=provider, defaults=values)
    return stored


def find_key(*, user_id: int, provider: Provider) -> str:
    """Return the key to call `provider` with, "" for a provider that needs none.

    The order is: the user's key if it overrides, the system's key, the user's key. Raises APIKeyMissing and
    APIKeyUnreadable.
    """
    own = next(iter(own_key(user_id, provider)), None) if has_key(user_id, provider) else None
    system = system_key(provider)
    if own is not None and (own.override_system_key or not system):
        return decrypt(own.key_encrypted)
    if not system and provider.requires_key:
        raise APIKeyMissing(
            f"There is no API key for {provider.slug}: store one with PUT /api/v1/keys/{provider.slug}."
        )
    return system


def system_key(provider: Provider) -> str:
    """Return the key that the environment holds for a provider, "" when it holds none."""
    return str(settings.SYSTEM_API_KEYS.get(provider.slug, ""))
