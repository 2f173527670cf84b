"""Stores API keys, of users and shared by staff, and chooses the key of a call."""

from django.conf import settings
from django.contrib.auth.models import User

from models_registry.catalogue.lookup import has_key, has_shared_key
from models_registry.errors import APIKeyMissing, APIKeyUnreadable
from models_registry.keys.encryption import decrypt, encrypt, mask
from models_registry.models import APIKey, Provider, SharedKey
from models_registry.query_plans import own_key, shared_key


def store_key(*, user: User, provider: Provider, key: str, override_system_key: bool) -> APIKey:
    """Store or replace a user's key, encrypted."""
    values = {"key_encrypted": encrypt(key), "masked": mask(key), "override_system_key": override_system_key}
    stored, _ = APIKey.objects.update_or_create(user=user, provider=provider, defaults=values)
    return stored


def set_shared_key(row: SharedKey, *, key: str, set_by: User) -> None:
    """Put a key into a row, encrypted, and who set it; the caller saves the row."""
    row.key_encrypted, row.masked, row.set_by = encrypt(key), mask(key), set_by


def find_key(*, user_id: int, provider: Provider) -> str:
    """Return the key to call `provider` with, "" for a provider that needs none.

    The order is: the user's key if it overrides, the system's key, the user's key. Raises APIKeyMissing and
    APIKeyUnreadable.
    """
    own = next(iter(own_key(user_id, provider)), None) if has_key(user_id, provider) else None
    if own is not None and (own.override_system_key or not has_system_key(provider)):
        return decrypt(own.key_encrypted)
    system = system_key(provider)
    if not system and provider.requires_key:
        raise APIKeyMissing(
            f"There is no API key for {provider.slug}: store one with PUT /api/v1/keys/{provider.slug}."
        )
    return system


def system_key(provider: Provider) -> str:
    """Return the key that everybody may use: the one that staff share, else the environment's, else "".

    Raises APIKeyUnreadable when the shared key cannot be decrypted.
    """
    shared = next(iter(shared_key(provider)), None) if has_shared_key(provider) else None
    if shared is None:
        return environment_key(provider)
    try:
        return decrypt(shared.key_encrypted)
    except APIKeyUnreadable as error:
        raise APIKeyUnreadable(
            f"The shared API key for {provider.slug} can no longer be decrypted: staff must store it again."
        ) from error


def has_system_key(provider: Provider) -> bool:
    """Tell whether there is a key that everybody may use; reads none."""
    return bool(environment_key(provider)) or has_shared_key(provider)


def can_be_called(user_id: int, provider: Provider) -> bool:
    """Tell whether there is a key for a user's calls of a provider, or it needs none; reads none."""
    return not provider.requires_key or has_system_key(provider) or has_key(user_id, provider)


def environment_key(provider: Provider) -> str:
    """Return the key that the environment holds for a provider, "" when it holds none."""
    return str(settings.SYSTEM_API_KEYS.get(provider.slug, ""))
