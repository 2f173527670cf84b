"""The registry of providers, models and API keys."""

from django.apps import AppConfig

from perf.caching import warming
from perf.plans import declared_queries


class ModelsRegistryConfig(AppConfig):
    """Providers, their models, the users' keys, and the clients that call them."""

    name = "models_registry"
    verbose_name = "Model registry"

    def ready(self) -> None:
        """Register the rules of invalidation, the figures, the cache warmer and the declared queries."""
        from models_registry import caches  # noqa: F401  # the rules of invalidation
        from models_registry.calls import figures  # noqa: F401  # they need loaded models
        from models_registry.catalogue import findings  # noqa: F401
        from models_registry.providers.asking import checks  # noqa: F401

        warming.register("models_registry.api.warming.model_lists")
        declared_queries.register(
            queries="models_registry.query_plans.declared_queries", fill="models_registry.catalogue.plan_rows.fill"
        )
        declared_queries.register(
            queries="models_registry.spending.plans.declared_queries", fill="models_registry.spending.plans.fill"
        )
