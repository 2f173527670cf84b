"""The cache namespaces of the registry and of the users' keys, and the changes that invalidate them."""

from django.conf import settings

from perf.caching.invalidation import invalidates
from perf.caching.namespace import Namespace

KEYS_TTL = 300  # seconds
MAX_ENTRIES = 2000  # lists and models of the registry, and names that are in no registry

models = Namespace("models", ttl=settings.MODEL_CACHE_TTL, entries=MAX_ENTRIES)
# The ids of the providers that a user has keys for; never a key, in any form.
keys = Namespace("keys", ttl=KEYS_TTL)

invalidates("models_registry.Provider", models, owner=None)
invalidates("models_registry.LLMModel", models, owner=None)
invalidates("models_registry.APIKey", keys, owner="user_id")
