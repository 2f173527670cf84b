"""What is cached of the registry, and the signals that make it forgotten."""

from typing import Any

from django.conf import settings
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from perf.cache import EVERYBODY, Namespace

models = Namespace("models", ttl=settings.MODEL_CACHE_TTL)


@receiver((post_save, post_delete), sender="models_registry.Provider")
@receiver((post_save, post_delete), sender="models_registry.LLMModel")
def forget_models(**_: Any) -> None:
    """Forget the model lists."""
    models.invalidate(EVERYBODY)
