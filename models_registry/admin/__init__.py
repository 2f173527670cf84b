"""The registry in the admin: providers, models, and keys nobody can read."""

from models_registry.admin import keys, models, providers

__all__ = ["keys", "models", "providers"]
