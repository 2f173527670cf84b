"""The registry in the admin: providers, models, and keys nobody can read."""

from models_registry.admin import aliases, budgets, keys, models, providers, usage

__all__ = ["aliases", "budgets", "keys", "models", "providers", "usage"]
