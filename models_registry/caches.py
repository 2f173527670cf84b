"""What is cached of the registry and of the users' keys, and the signals that make it forgotten."""

from typing import Any

from django.conf import settings
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from perf.cache import EVERYBODY, Namespace

KEYS_TTL = 300  # seconds

models = Namespace("models", ttl=settings.MODEL_CACHE_TTL)
# Of which providers a user has keys. Never a key, in whatever form.
keys = Namespace("keys", ttl=KEYS_TTL)


@receiver((post_save, post_delete), sender="models_registry.Provider")
@receiver((post_save, post_delete), sender="models_registry.LLMModel")
def forget_models(**_: Any) -> None:
    """Forget the model lists."""
    models.invalidate(EVERYBODY)


@receiver((post_save, post_delete), sender="models_registry.APIKey")
def forget_keys(instance: Any, **_: Any) -> None:
    """Forget of which providers a user has keys."""
    keys.invalidate(instance.user_id)
