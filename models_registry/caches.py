"""What is cached of the registry and of the users' keys, and which changes make it forgotten."""

from django.conf import settings

from perf.caching.invalidation import invalidates
from perf.caching.namespace import Namespace

KEYS_TTL = 300  # seconds
LOOKUPS = 2000  # lists and models of the registry that are kept, among them names that do not exist

models = Namespace("models", ttl=settings.MODEL_CACHE_TTL, entries=LOOKUPS)
# Of which providers a user has keys, and of which staff share one. Never a key, in whatever form.
keys = Namespace("keys", ttl=KEYS_TTL)

invalidates("models_registry.Provider", models, owner=None)
invalidates("models_registry.LLMModel", models, owner=None)
invalidates("models_registry.APIKey", keys, owner="user_id")
invalidates("models_registry.SharedKey", keys, owner=None)
