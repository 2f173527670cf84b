"""The registry in the admin: providers, models, and keys nobody can read."""

from models_registry.admin import budgets, keys, models, providers, usage

__all__ = ["budgets", "keys", "models", "providers", "usage"]
