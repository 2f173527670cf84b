"""Rows for scratch databases: the catalogue, and for every user a key that cannot be decrypted for each provider."""

from django.contrib.auth.models import User

from models_registry.catalogue.sync import sync
from models_registry.models import APIKey, Provider


def fill() -> None:
    """Insert the models and the keys."""
    sync(check=False)
    providers = list(Provider.objects.filter(requires_key=True))
    APIKey.objects.bulk_create(
        APIKey(user_id=user_id, provider=provider, key_encrypted="-" * 140, masked="…0000")
        for user_id in User.objects.values_list("pk", flat=True)
        for provider in providers
    )
