"""The registry of providers, models and API keys."""

from django.apps import AppConfig

from perf import plans
from perf.caching import warming


class ModelsRegistryConfig(AppConfig):
    """Providers, their models, the users' keys, and the clients that call them."""

    name = "models_registry"
    verbose_name = "Model registry"

    def ready(self) -> None:
        """Offer what is worth warming, and what is checked; say which changes make what forgotten."""
        from models_registry import caches  # noqa: F401

        warming.register("models_registry.warming.model_lists")
        plans.register(shapes="models_registry.queries.shapes", fill="models_registry.plan_rows.fill")
