"""The registry in the admin: providers, models, and keys nobody can read."""

from models_registry.admin import aliases, keys, models, providers

__all__ = ["aliases", "keys", "models", "providers"]
