"""The cache namespaces of the registry and of the users' keys, and the changes that invalidate them."""

from django.conf import settings

from perf.caching.invalidation import exempt, invalidates
from perf.caching.namespace import Namespace

KEYS_TTL = 300  # seconds
BUDGETS_TTL = 300  # seconds
MAX_ENTRIES = 2000  # lists and models of the registry, and names that are in no registry

models = Namespace(
    "models",
    ttl=settings.MODEL_CACHE_TTL,
    max_entries=MAX_ENTRIES,
    about="the list of models, and what calls need of providers and models",
)
# Of which providers a user has keys, and of which staff share one. Never a key, in whatever form.
keys = Namespace("keys", ttl=KEYS_TTL, about="for which providers there are keys, never a key")
# Which budgets a user has. Never what is left of them.
budgets = Namespace("budgets", ttl=BUDGETS_TTL, about="which budgets users have, not what is left of them")

invalidates("models_registry.Provider", models, owner=None)
invalidates("models_registry.LLMModel", models, owner=None)
invalidates("models_registry.Alias", models, owner=None)
invalidates("models_registry.APIKey", keys, owner="user_id")
exempt("models_registry.ModelChange", "few ask for a model's history, which is read from the database each time")
invalidates("models_registry.SharedKey", keys, owner=None)
invalidates("models_registry.Budget", budgets, owner="user_id")
for _name in ("UsageEntry", "UsageDay", "UsageTotal", "UsageMark"):
    exempt(f"models_registry.{_name}", "usage changes with every call, and is summed up when it is asked for")
exempt("models_registry.Reservation", "what is left of a budget is read from the database by every call")
