"""The registry of providers, models and API keys."""

from django.apps import AppConfig


class ModelsRegistryConfig(AppConfig):
    """Providers, their models, the users' keys, and the clients that call them."""

    name = "models_registry"
    verbose_name = "Model registry"
